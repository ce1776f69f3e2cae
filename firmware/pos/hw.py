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

_KEY_BYTES = 32
_WIFI_MS = 15000
_POLL_MS = 200
_TRIES = 1  # after the first one
# A wrong password, as wifi_err_reason_t puts it: 15 and 204 are handshakes that time out [M]
_REFUSED = (15, network.STAT_WRONG_PASSWORD, network.STAT_HANDSHAKE_TIMEOUT)


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

    def is_up(self) -> bool:
        """Whether there is a connection now."""
        return self._wlan.isconnected()

    async def up(self) -> None:
        """Have a connection; raises OSError whose text is the name of the words that say why not.

        These are net_unset, net_none, net_password and net_address.
        """
        wlan = self._wlan
        if wlan.isconnected():
            return
        if not self._ssid:
            raise OSError("net_unset")
        wlan.active(True)
        wlan.disconnect()  # a chip that is still trying takes no other order
        wlan.config(reconnects=_TRIES)  # it says what is wrong only when it gives up
        wlan.connect(self._ssid, self._key)
        for _ in range(_WIFI_MS // _POLL_MS):
            if wlan.isconnected():
                wlan.config(reconnects=-1)  # it comes back by itself
                return
            status = wlan.status()
            if status in _REFUSED:
                raise OSError("net_password")
            if status == network.STAT_NO_AP_FOUND:
                raise OSError("net_none")
            await asyncio.sleep_ms(_POLL_MS)
        try:
            wlan.status("rssi")
            why = "net_address"  # it is joined, but nobody has given it an address
        except OSError:
            why = "net_none"
        raise OSError(why)

    def down(self) -> None:
        """Leave the network."""
        if self._wlan.active():
            self._wlan.disconnect()

    def scan(self) -> list:
        """(name, dBm, whether it wants a password) of all that is heard; raises OSError.

        It takes the chip some two seconds. What is no UTF-8 is left out, as is who has no name.
        """
        self._wlan.active(True)
        found = []
        for ssid, _, _, power, security, _ in self._wlan.scan():
            try:
                found.append((ssid.decode(), power, security != network.AUTH_OPEN))
            except UnicodeError:
                pass
        return found


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
    return Printer(uart, machine.Pin(p["busy"], machine.Pin.IN), baudrate=p["baudrate"])


def buzzer() -> Buzzer:
    """The sounder."""
    return Buzzer(machine.PWM(machine.Pin(board.BUZZER), freq=2700, duty_u16=0))
