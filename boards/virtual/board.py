"""The virtual board: an ESP32-S3 with every peripheral of the terminal wired to it.

Constants only; read by the firmware (``pos.hw``) and by the host tools alike.
"""

NAME = "virtual"

# ILI9341, 240x320, on SPI
DISPLAY = {"spi": 1, "baudrate": 40000000, "sck": 12, "mosi": 11, "miso": 13}
DISPLAY_PINS = {"cs": 10, "dc": 9, "rst": 14, "led": 8}

# PN532 on HSU; its reset pin is wired
NFC = {"uart": 1, "tx": 17, "rx": 18, "reset": 16}

# ESC/POS printer, 384 dots; busy is high while the printer cannot take more
PRINTER = {"uart": 2, "tx": 15, "rx": 7, "busy": 6, "baudrate": 115200}
PRINTER_GB18030 = True  # it knows Chinese; to one that does not lines of Chinese go as dots

# 4x4 keys between rows (driven low) and columns (pulled up)
KEYPAD_ROWS = (4, 5, 1, 2)
KEYPAD_COLUMNS = (38, 39, 40, 41)

# Ways to the host, the usual one first
NETWORKS = ("wifi", "lan", "cell")

# W5500 on SPI, for a cable
LAN = {"spi": 2, "baudrate": 20000000, "sck": 36, "mosi": 35, "miso": 37, "cs": 34, "int": 33}

# SIM7600 with a supply of its own, on UART 0: the console is on the USB of the chip, and
# MicroPython has to be built without its REPL on the UART (MICROPY_HW_ENABLE_UART_REPL 0)
MODEM = {"uart": 0, "tx": 43, "rx": 44, "baudrate": 115200}

BUZZER = 21

# A lithium cell at half of its voltage, and CHRG of its charger (low while it charges)
BATTERY = {"adc": 3, "charge": 42, "divider": 2}

# A lamp of two colours, green and red, lit when high
LED = (47, 48)
