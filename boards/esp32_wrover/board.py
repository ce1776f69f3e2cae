"""ESP32-DevKitC-VE with a WROVER-E module: Wi-Fi, on the mains.

Constants only; read by the firmware (``pos.hw``) and by the host tools alike.
"""

NAME = "esp32_wrover"

# ILI9341, 240x320, on SPI; its reset is wired to EN of the module
DISPLAY = {"spi": 2, "baudrate": 40000000, "sck": 18, "mosi": 23, "miso": 36}
DISPLAY_PINS = {"cs": 5, "dc": 19, "led": 4}

# PN532 on HSU; its reset pin is wired
NFC = {"uart": 1, "tx": 22, "rx": 34, "reset": 21}

# ESC/POS printer, 384 dots; busy is high while the printer cannot take more
PRINTER = {"uart": 2, "tx": 27, "rx": 35, "busy": 39, "baudrate": 115200}
PRINTER_GB18030 = True  # it knows Chinese; to one that does not lines of Chinese go as dots

# 4x4 keys between rows (open drain, driven low) and columns (pulled up)
KEYPAD_ROWS = (12, 13, 14, 15)
KEYPAD_COLUMNS = (25, 26, 32, 33)

# Ways to the host, the usual one first
NETWORKS = ("wifi",)

BUZZER = 2
