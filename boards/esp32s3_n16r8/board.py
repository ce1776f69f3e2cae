"""ESP32-S3-DevKitC-1 with an N16R8 module: the reference. Wi-Fi, battery, lamp.

Constants only; read by the firmware (``pos.hw``) and by the host tools alike.
"""

NAME = "esp32s3_n16r8"

# ILI9341, 240x320, on SPI: the pins that SPI 1 reaches without the GPIO matrix
DISPLAY = {"spi": 1, "baudrate": 40000000, "sck": 12, "mosi": 11, "miso": 13}
DISPLAY_PINS = {"cs": 10, "dc": 9, "rst": 14, "led": 8}

# PN532 on HSU; its reset pin is wired
NFC = {"uart": 1, "tx": 17, "rx": 18, "reset": 16}

# ESC/POS printer, 384 dots; busy is high while the printer cannot take more
PRINTER = {"uart": 2, "tx": 15, "rx": 7, "busy": 6, "baudrate": 115200}
PRINTER_GB18030 = True  # it knows Chinese; to one that does not lines of Chinese go as dots

# 4x4 keys between rows (open drain, driven low) and columns (pulled up)
KEYPAD_ROWS = (4, 5, 1, 2)
KEYPAD_COLUMNS = (47, 39, 40, 41)

# Ways to the host, the usual one first
NETWORKS = ("wifi",)

BUZZER = 21

# A lithium cell at half of its voltage, and CHRG of its charger (low while it charges)
BATTERY = {"adc": 3, "charge": 42, "divider": 2}

# A lamp of two colours, green and red, lit when high
LED = (45, 46)
