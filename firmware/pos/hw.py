"""The hardware of the board: the only importer of machine, network and esp32.

``boards/<board>/board.py`` says what is wired where.
"""

import os
import sys

import esp32
import machine
import network
from image import DEVELOPMENT  # noqa: F401  # pyright: ignore[reportMissingImports]

from pos.drivers.buzzer import Buzzer
from pos.drivers.keypad import Keypad

_FONTS = "/rom/fonts"
_KEY_BYTES = 32


def board():
    """What is wired where. It is asked for seldom, and does not stay in the heap."""
    import board

    del sys.modules["board"]
    return board


WAYS = board().NETWORKS


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


class Link:
    """The way to the host: "wifi" with name and password of the network, "lan", or "cell" with
    access point (APN), password and user."""

    def __init__(self, way: str, *login):
        self._way = way
        self._login = login
        self.nic = network.WLAN(network.WLAN.IF_STA) if way == "wifi" else None
        self.kept: tuple | None = None  # a connection for more than one story, and since when

    def is_up(self) -> bool:
        """Whether there is a connection now."""
        return self.nic is not None and self.nic.isconnected()

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
        """Have a connection; raises OSError, whose text is the name of the words for it."""
        if self.is_up():
            return
        if self._way not in WAYS:
            raise OSError("net_lacks")
        from pos.drivers import link

        if self._way == "lan":
            self.nic = self.nic or _lan()
            await link.join_lan(self.nic)
        elif self._way == "cell":
            from pos.drivers import modem

            self.down()
            self.nic = None
            self.nic = await modem.join(network, _modem(), *self._login)
        else:
            await link.join_wifi(network, self.nic, *self._login)

    def unreached(self) -> None:
        """The host was not reached. PPP does not hear of it when a modem falls out of its call."""
        if self._way == "cell":
            self.down()

    def down(self) -> None:
        """Leave it, and hang up what was kept."""
        if self.kept:
            self.kept[0].close()
            self.kept = None
        if self.nic and self.nic.active():
            self.nic.active(False)

    def scan(self) -> list:
        """What ``drivers.link.heard`` says; of Wi-Fi alone."""
        from pos.drivers import link

        return link.heard(network, self.nic)


def _modem():
    n = board().MODEM
    return machine.UART(
        n["uart"], n["baudrate"], tx=_pin(n["tx"]), rx=_pin(n["rx"]), rxbuf=2048, timeout=0
    )


def _lan():
    n = board().LAN
    spi = machine.SPI(
        n["spi"], n["baudrate"], sck=_pin(n["sck"]), mosi=_pin(n["mosi"]), miso=_pin(n["miso"])
    )
    make = getattr(network, "LAN")  # noqa: B009 - its type stub knows of no bus
    kind = network.PHY_W5500
    return make(0, phy_type=kind, phy_addr=0, spi=spi, cs=_pin(n["cs"]), int=_pin(n["int"]))


def _out(pin, value):
    return machine.Pin(pin, machine.Pin.OUT, value=value)


def _wired(pins, name, value):
    """An output where there is one: what a board has no pin for is not in its data."""
    return _out(pins[name], value) if name in pins else None


def display():
    """The display, not yet started."""
    wires = board()
    d = wires.DISPLAY
    if d.get("chip") == "ssd1306":
        from pos.drivers.ssd1306 import Ssd1306

        return Ssd1306(machine.I2C(d["i2c"], scl=_pin(d["scl"]), sda=_pin(d["sda"])), d["address"])
    from pos.drivers.ili9341 import Ili9341

    pins = wires.DISPLAY_PINS
    spi = machine.SPI(
        d["spi"], d["baudrate"], sck=_pin(d["sck"]), mosi=_pin(d["mosi"]), miso=_pin(d["miso"])
    )
    return Ili9341(
        spi,
        _out(pins["cs"], 1),
        _out(pins["dc"], 1),
        _wired(pins, "rst", 1),
        _wired(pins, "led", 0),
        d["baudrate"],
    )


def _pin(number):
    return machine.Pin(number)


def keypad() -> Keypad:
    """The keys; its ``run`` is a task."""
    wires = board()
    rows = [machine.Pin(n, machine.Pin.OUT, value=0) for n in wires.KEYPAD_ROWS]
    columns = [machine.Pin(n, machine.Pin.IN, machine.Pin.PULL_UP) for n in wires.KEYPAD_COLUMNS]
    return Keypad(rows, columns)


def reader():
    """The contactless reader, not yet started. Its driver is loaded only while it is needed."""
    from pos.drivers.pn532 import Pn532

    n = board().NFC
    uart = machine.UART(
        n["uart"], 115200, tx=_pin(n["tx"]), rx=_pin(n["rx"]), rxbuf=512, timeout=0
    )
    return Pn532(uart, _wired(n, "reset", 1))


def printer():
    """The receipt printer, not yet started. Its driver is loaded only while it prints."""
    from pos.drivers.escpos_printer import Printer

    wires = board()
    p = wires.PRINTER
    uart = machine.UART(
        p["uart"], p["baudrate"], tx=_pin(p["tx"]), rx=_pin(p["rx"]), txbuf=1024, timeout=0
    )
    busy = machine.Pin(p["busy"], machine.Pin.IN) if "busy" in p else None
    made = Printer(uart, busy, baudrate=p["baudrate"])
    if wires.PRINTER_GB18030:
        return made
    from pos.drivers.raster_printer import RasterPrinter
    from pos.ui.fonts import view

    return RasterPrinter(made, view(_FONTS + "/han24.gb"), view(_FONTS + "/latin24.gb"))


def buzzer() -> Buzzer:
    """The sounder, with its lamp where there is one."""
    wires = board()
    pwm = machine.PWM(machine.Pin(wires.BUZZER), freq=2700, duty_u16=0)
    return Buzzer(pwm, lamp=[_out(pin, 0) for pin in getattr(wires, "LED", ())])


def battery():
    """The battery, or None on a board that has none. Its driver is loaded only to ask it."""
    from pos.drivers.battery import Battery

    wired = getattr(board(), "BATTERY", None)
    if not wired:
        return None
    charger = machine.Pin(wired["charge"], machine.Pin.IN, machine.Pin.PULL_UP)
    return Battery(machine.ADC(_pin(wired["adc"])), charger, wired["divider"])
