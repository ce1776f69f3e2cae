"""The hardware of the board: the only importer of machine, network and esp32.

``boards/<board>/board.py`` says what is wired where.
"""

import asyncio
import os

import board
import esp32
import machine
import network

from pos.drivers.buzzer import Buzzer
from pos.drivers.ili9341 import Ili9341
from pos.drivers.keypad import Keypad

_FONTS = "/rom/fonts"
_KEY_BYTES = 32
_WIFI_MS = 15000
_POLL_MS = 200


def serial() -> str:
    """The chip's own number: 12 hexadecimal digits."""
    return machine.unique_id().hex().upper()


def device_key() -> bytes:
    """The key that seals what this device stores; made at the first start, never leaves it."""
    nvs = esp32.NVS("taptill")
    key = bytearray(_KEY_BYTES)
    try:
        if nvs.get_blob("device_key", key) == _KEY_BYTES:
            return bytes(key)
    except OSError:
        pass
    key = os.urandom(_KEY_BYTES)
    nvs.set_blob("device_key", key)
    nvs.commit()
    return key


def set_clock(year: int, month: int, day: int, hour: int, minute: int, second: int) -> None:
    """Set the real-time clock."""
    machine.RTC().datetime((year, month, day, 0, hour, minute, second, 0))


def restart() -> None:
    """Reset the chip."""
    machine.reset()


class Wifi:
    """The way to the host."""

    def __init__(self, ssid: str, key: str):
        self._ssid, self._key = ssid, key
        self._wlan = network.WLAN(network.WLAN.IF_STA)
        self.kept = None  # a connection that lasts for more than one story, and since when

    def is_up(self) -> bool:
        """Whether there is a connection now."""
        return self._wlan.isconnected()

    async def close(self) -> None:
        """Hang up what was kept."""
        kept, self.kept = self.kept, None
        if kept:
            kept[0].close()
            try:
                await kept[0].wait_closed()
            except OSError:
                pass

    async def up(self) -> None:
        """Have a connection; raises OSError whose text says why there is none."""
        if self._wlan.isconnected():
            return
        if not self._ssid:
            raise OSError("no Wi-Fi set up")
        self._wlan.active(True)
        self._wlan.connect(self._ssid, self._key)
        for _ in range(_WIFI_MS // _POLL_MS):
            if self._wlan.isconnected():
                return
            status = self._wlan.status()
            if status == network.STAT_WRONG_PASSWORD:
                raise OSError("wrong Wi-Fi password")
            if status == network.STAT_NO_AP_FOUND:
                break
            await asyncio.sleep_ms(_POLL_MS)
        raise OSError("Wi-Fi not found")


def _out(pin, value):
    return machine.Pin(pin, machine.Pin.OUT, value=value)


def display() -> Ili9341:
    """The display, not yet started."""
    pins = board.DISPLAY_PINS
    d = board.DISPLAY
    spi = machine.SPI(
        d["spi"], d["baudrate"], sck=_pin(d["sck"]), mosi=_pin(d["mosi"]), miso=_pin(d["miso"])
    )
    return Ili9341(
        spi,
        _out(pins["cs"], 1),
        _out(pins["dc"], 1),
        _out(pins["rst"], 1),
        _out(pins["led"], 0),
    )


def _pin(number):
    return machine.Pin(number)


def keypad() -> Keypad:
    """The keys; its ``run`` is a task."""
    rows = [machine.Pin(n, machine.Pin.OUT, value=0) for n in board.KEYPAD_ROWS]
    columns = [machine.Pin(n, machine.Pin.IN, machine.Pin.PULL_UP) for n in board.KEYPAD_COLUMNS]
    return Keypad(rows, columns)


def reader():
    """The contactless reader, not yet started. Its driver is loaded only while it is needed."""
    from pos.drivers.pn532 import Pn532

    n = board.NFC
    uart = machine.UART(
        n["uart"], 115200, tx=_pin(n["tx"]), rx=_pin(n["rx"]), rxbuf=512, timeout=0
    )
    return Pn532(uart, _out(n["reset"], 1))


def printer():
    """The receipt printer, not yet started. Its driver is loaded only while it prints."""
    from pos.drivers.escpos_printer import Printer

    p = board.PRINTER
    uart = machine.UART(
        p["uart"], p["baudrate"], tx=_pin(p["tx"]), rx=_pin(p["rx"]), txbuf=1024, timeout=0
    )
    busy = machine.Pin(p["busy"], machine.Pin.IN)
    made = Printer(uart, busy, baudrate=p["baudrate"])
    if p["gb18030"]:
        return made
    from pos.drivers.raster_printer import RasterPrinter
    from pos.ui.fonts import view

    return RasterPrinter(made, view(_FONTS + "/han24.gb"), view(_FONTS + "/latin24.gb"))


def buzzer() -> Buzzer:
    """The sounder."""
    return Buzzer(machine.PWM(machine.Pin(board.BUZZER), freq=2700, duty_u16=0))
