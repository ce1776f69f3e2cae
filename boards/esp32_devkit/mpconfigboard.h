#define MICROPY_HW_BOARD_NAME               "TapTill esp32_devkit"
#define MICROPY_HW_MCU_NAME                 "ESP32"
#define MICROPY_PY_NETWORK_HOSTNAME_DEFAULT "taptill"

// The terminal's files are a ROMFS image in a frozen constant, not in a partition of its own
#define MICROPY_VFS_ROM                     (1)
#define MICROPY_VFS_ROM_IOCTL               (0)

// What the terminal has no use for
#define MICROPY_PY_BLUETOOTH                (0)
#define MICROPY_PY_ESPNOW                   (0)
