"""The virtual board's microcontroller: what runs the program and everything that is inside the
chip.

Nets, UART lines and SPI buses lead out of it to the chip models. Runs on the board's loop thread.
"""

import json
import struct
from collections.abc import Callable
from typing import Protocol

from host_tools.vboard import link as wire_link
from host_tools.vboard.clock import LoopClock, Timer
from host_tools.vboard.console import Console
from host_tools.vboard.link import HostLink
from host_tools.vboard.ppp import Dialler
from host_tools.vboard.radio import Radio
from host_tools.vboard.wire import PULL_DOWN, PULL_NONE, PULL_UP, Net, UartLine

POWER_ON, HARD, WATCHDOG, DEEP_SLEEP, SOFT = 1, 2, 3, 4, 5

HEAP = "176k"  # of the interpreter, 64-bit words: see docs/architecture.md, "Memory"
_PULLS = {0: PULL_NONE, 1: PULL_DOWN, 2: PULL_UP}
_OUT, _OPEN_DRAIN = 3, 7
_KEEP = 255
_GPIOS = 49
_SHORT_MS = 10  # more than from one scan of the keys to the next, or one look at a busy line


Ended = Callable[[int, str], None]  # reset cause; what is wrong with that, or nothing


class Core(Protocol):
    """What runs the program, and the line to it; loop thread only.

    ``patience``: how many times longer than a process here it may take for whatever it does.
    """

    patience: float

    def start(
        self, settings: dict[str, str], heard: Callable[[bytes], None], ended: Ended
    ) -> None:
        """Run the program from its beginning.

        ``settings`` are what it asks for by ``_carrier.setting``. ``heard`` gets the bytes that
        come; ``ended`` is called when the program came to its end by itself.
        """
        ...

    def write(self, data: bytes) -> None:
        """Send bytes to the program."""
        ...

    def stop(self) -> None:
        """End it, this instant; nothing more of it is heard."""
        ...

    def check(self) -> None:
        """Raise an exception whose text says why it cannot run any more."""
        ...

    def close(self) -> None:
        """Give up the line for good."""
        ...


class SpiChip(Protocol):
    """A chip on an SPI bus; its own chip-select net says whether it listens."""

    def spi_write(self, data: bytes) -> None:
        """Bytes clocked out to the chip."""
        ...

    def spi_transfer(self, data: bytes) -> bytes:
        """Bytes clocked out, and those clocked in meanwhile."""
        ...


class I2cChip(Protocol):
    """A chip on an I2C bus."""

    address: int

    def i2c_write(self, data: bytes) -> int:
        """Bytes to the chip; how many it acknowledges, -1 when not even its address."""
        ...

    def i2c_read(self, count: int) -> bytes:
        """Bytes from the chip; none when it does not acknowledge its address."""
        ...


class FlashChip(Protocol):
    """The flash behind the file system."""

    size: int

    def read(self, offset: int, length: int) -> bytes:
        """Bytes from ``offset``."""
        ...

    def program(self, offset: int, data: bytes) -> None:
        """Clear bits."""
        ...

    def erase(self, block: int) -> None:
        """Set a 4096-byte block to FF."""
        ...


class Microcontroller:
    """Runs what ``core`` has; comes up with ``power_on`` and after each reset by itself."""

    def __init__(
        self,
        core: Core,
        clock: LoopClock,
        *,
        flash: FlashChip,
        console: Console,
        changed: Callable[[], None],
        unique_id: str = "240ac4000001",
    ) -> None:
        self._core, self._clock = core, clock
        self._unique_id = unique_id
        self.flash, self.console = flash, console
        self.faults: list[str] = []
        self.nets: dict[int, Net] = {}
        self.uarts: dict[int, UartLine] = {}
        self.spis: dict[int, list[SpiChip]] = {}
        self.i2cs: dict[int, list[I2cChip]] = {}
        self.adc: dict[int, float] = {}  # GPIO -> volts
        self.pwm: dict[int, Callable[[int, int], None]] = {}
        self.nvs: dict[tuple[str, str], bytes] = {}
        self.radio = Radio(
            lambda i, data: self._send(wire_link.SOCK_RX, i, data),
            lambda i, data: self._send(wire_link.SOCK_EVENT, i, data),
            changed,
        )
        self.ppp = Dialler(clock, self.radio.call)
        self.radio.carrier = self._carrier
        self.starts: list[int] = []  # the reset cause of each start
        # What the chip's boot loaders say of the flash: whether it is started. Without them it is
        self.finds_program: Callable[[], bool] | None = None
        self.bus_bytes = {"spi": 0, "spi_writes": 0, "flash": 0}
        self._changed = changed
        self.waits = True
        self._hurries: set[str] = set()
        self._irqs: dict[int, int] = {}
        self._power = False
        self._link: HostLink | None = None
        self._watchdog: Timer | None = None
        clock.on_stall = lambda ms: self.advance(-int(ms))
        self._rtc_us, self._rtc_at = 0, 0.0
        self._handlers = self._make_handlers()

    # power and reset

    @property
    def powered(self) -> bool:
        """Whether it has power, be it that nothing runs."""
        return self._power

    @property
    def running(self) -> bool:
        """Whether a program runs."""
        return self._link is not None

    @property
    def stamp(self) -> int:
        """When the program wrote the frame that is handled (``clock.stamps_apart``)."""
        return self._link.stamp if self._link is not None else 0

    def power_on(self) -> None:
        """Give power; the clock of the chip starts at 2000-01-01."""
        if not self._power:
            self._power = True
            self._rtc_us, self._rtc_at = 0, self._clock.now_ms()
            self.console.raw_repl = False
            self._start(POWER_ON)

    def power_off(self) -> None:
        """Take the power away, this instant."""
        self._power = False
        self._stop()
        self.ppp.close()
        self.radio.power_off()
        for net in self.nets.values():
            net.configure(None, PULL_NONE, False)

    def reset(self, cause: int = HARD) -> None:
        """Reset as the EN button, the watchdog or the program does."""
        if self._power:
            self._stop()
            self.ppp.close()
            self.radio.power_off()
            self._start(cause)

    def hold(self) -> None:
        """EN goes low: nothing runs until ``leave_reset``."""
        self._stop()
        self.radio.power_off()

    def leave_reset(self) -> None:
        """EN is high again."""
        if self._power and not self.running:
            self._start(HARD)

    def advance(self, ms: int) -> None:
        """Let time pass on the chip's own clocks, or take back what has not passed."""
        self._send(wire_link.ADVANCE, 0, struct.pack("<i", ms))

    def ask(self) -> None:
        """Ask the program to say when it next waits; ``waits`` tells whether it has."""
        self.waits = self._link is None
        self._send(wire_link.ASK, 0, b"")

    def hurry(self, why: str, on: bool) -> None:
        """Let each short wait of the program pass at once while there is a reason, ``why``.

        For what comes to an end; else a program that polls would run through its time-outs.
        """
        (self._hurries.add if on else self._hurries.discard)(why)
        self._send(wire_link.HURRY, _SHORT_MS if self._hurries else 0, b"")

    def _waits(self, _: int, __: bytes) -> None:
        self.waits = True
        self._changed()

    def _start(self, cause: int) -> None:
        if cause == SOFT:
            self.console.say(b"MPY: soft reboot\r\n")
        else:
            self.console.raw_repl = False
            if self.finds_program is not None and not self.finds_program():
                return
        self._irqs.clear()
        self._link = link = HostLink(self._core.write, self._handlers, self._clock.stalled)
        settings = {
            "ID": self._unique_id,
            "RESET_CAUSE": str(cause),
            "RUN_MAIN": "0" if self.console.raw_repl else "1",
        }
        self._core.start(settings, link.feed, self._ended)
        self.starts.append(cause)

    def _ended(self, cause: int, fault: str) -> None:
        """The program came to its end by itself, as by Ctrl-D at the prompt."""
        if fault:
            self.faults.append(fault)
        self.reset(cause)

    def _stop(self) -> None:
        if self._watchdog is not None:
            self._watchdog.cancel()
            self._watchdog = None
        if self._link is not None:
            self._link.close()
            self._link = None
        self._core.stop()

    def _send(self, op: int, ident: int, payload: bytes) -> None:
        if self._link is not None:
            self._link.send(op, ident, payload)

    # what the program asks for

    def _make_handlers(self) -> dict[int, wire_link.Handler]:
        radio = self.radio
        return {
            wire_link.PIN_SETUP: self._pin_setup,
            wire_link.PIN_SET: self._pin_set,
            wire_link.PIN_GET: self._pin_get,
            wire_link.PIN_IRQ: self._pin_irq,
            wire_link.UART_SETUP: self._uart_setup,
            wire_link.UART_TX: self._uart_tx,
            wire_link.SPI_SETUP: lambda i, _: None,
            wire_link.SPI_WRITE: self._spi_write,
            wire_link.SPI_TRANSFER: self._spi_transfer,
            wire_link.I2C_SETUP: lambda i, _: None,
            wire_link.I2C_WRITE: self._i2c_write,
            wire_link.I2C_READ: self._i2c_read,
            wire_link.ADC_READ: self._adc_read,
            wire_link.PWM_SET: self._pwm_set,
            wire_link.PWM_OFF: lambda i, _: self._pwm_set(i, b"\0" * 6),
            wire_link.FLASH_READ: self._flash_read,
            wire_link.FLASH_PROGRAM: self._flash_program,
            wire_link.FLASH_ERASE: self._flash_erase,
            wire_link.NVS_GET: lambda _, p: self.nvs.get(self._nvs_name(p)[0], b""),
            wire_link.NVS_SET: self._nvs_set,
            wire_link.NVS_ERASE: self._nvs_erase,
            wire_link.WLAN: lambda _, p: json.dumps(self._network(json.loads(p))).encode(),
            wire_link.SOCK_OPEN: lambda i, _: bytes([radio.open()]),
            wire_link.SOCK_CONNECT: lambda i, p: radio.connect(i, json.loads(p)),
            wire_link.SOCK_TX: lambda i, p: radio.send(i, p),
            wire_link.SOCK_CLOSE: lambda i, _: radio.close(i),
            wire_link.RESOLVE: lambda _, p: radio.resolve(p.decode()),
            wire_link.RESET: lambda cause, _: self.reset(cause),
            wire_link.RTC_GET: self._rtc_get,
            wire_link.RTC_SET: self._rtc_set,
            wire_link.WDT_FEED: self._feed,
            wire_link.SYNC: self._sync,
            wire_link.WAITS: self._waits,
            wire_link.BOOTED: lambda _, __: self.console.booted(),
        }

    def net(self, gpio: int) -> Net:
        """The wire at ``gpio``."""
        if gpio not in self.nets:
            net = self.nets[gpio] = Net(gpio, self.faults.append)
            net.watch(self._edge)
        return self.nets[gpio]

    def _pin_setup(self, gpio: int, payload: bytes) -> None:
        mode, pull, value = payload
        net = self.net(gpio)
        drive, open_drain = net.board_drive, net.open_drain
        if mode != _KEEP:
            open_drain = mode == _OPEN_DRAIN
            drive = (drive or 0) if mode in (_OUT, _OPEN_DRAIN) else None
        if value != _KEEP and (drive is not None or mode in (_OUT, _OPEN_DRAIN)):
            drive = value
        net.configure(drive, net.pull if pull == _KEEP else _PULLS[pull], open_drain)

    def _pin_get(self, _ident: int, _payload: bytes) -> bytes:
        levels = bytearray(_GPIOS)
        for gpio, net in self.nets.items():
            levels[gpio] = net.level
        return bytes(levels)

    def _pin_set(self, gpio: int, payload: bytes) -> None:
        net = self.net(gpio)
        if net.board_drive is not None:
            net.configure(payload[0], net.pull, net.open_drain)

    def _pin_irq(self, gpio: int, payload: bytes) -> None:
        self.net(gpio)
        self._irqs[gpio] = payload[0]

    def _edge(self, net: Net) -> None:
        if self._irqs.get(net.gpio, 0) & (1 if net.level else 2):
            self._send(wire_link.PIN_EDGE, net.gpio, bytes([net.level]))

    def uart(self, ident: int) -> UartLine:
        """The line at UART ``ident``."""
        if ident not in self.uarts:
            line = self.uarts[ident] = UartLine()
            line.to_board = lambda data: self._send(wire_link.UART_RX, ident, data)
        return self.uarts[ident]

    def _uart_setup(self, ident: int, payload: bytes) -> None:
        self.uart(ident).board_baudrate = struct.unpack_from("<I", payload)[0]

    def _uart_tx(self, ident: int, payload: bytes) -> None:
        self.uart(ident).from_board(payload)

    def _network(self, request: dict) -> object:
        """Answer one call of ``network``: of the station and the cable, or of ``PPP``."""
        ppp = self.ppp
        match request["op"]:
            case "ppp_connect":
                ppp.connect(self.uart(request["uart"]), request["user"], request["key"])
            case "ppp_end":
                ppp.disconnect()
            case "ppp_status":
                return ppp.status
            case "ppp_address":
                return ppp.address
            case _:
                return self.radio.wlan(request)
        return None

    def _carrier(self) -> bool:
        """Whether there is a modem at the line of PPP that has a call."""
        line = self.ppp.line
        return line is not None and getattr(line.chip, "online", False)

    def _spi_write(self, ident: int, payload: bytes) -> None:
        self.bus_bytes["spi"] += len(payload)
        self.bus_bytes["spi_writes"] += 1
        for chip in self.spis.get(ident, ()):
            chip.spi_write(payload)

    def _spi_transfer(self, ident: int, payload: bytes) -> bytes:
        answer = b"\xff" * len(payload)
        for chip in self.spis.get(ident, ()):
            answer = bytes(a & b for a, b in zip(answer, chip.spi_transfer(payload), strict=True))
        return answer

    def _i2c_chip(self, ident: int, address: int) -> I2cChip | None:
        return next((c for c in self.i2cs.get(ident, ()) if c.address == address), None)

    def _i2c_write(self, ident: int, payload: bytes) -> bytes:
        """How many bytes were acknowledged, the address among them, u16."""
        chip = self._i2c_chip(ident, payload[0])
        count = chip.i2c_write(payload[2:]) + 1 if chip else 0
        return struct.pack("<H", count)

    def _i2c_read(self, ident: int, payload: bytes) -> bytes:
        address, _, count = struct.unpack("<BBH", payload)
        chip = self._i2c_chip(ident, address)
        return chip.i2c_read(count) if chip else b""

    def _adc_read(self, gpio: int, _: bytes) -> bytes:
        volts = self.adc.get(gpio, 0.0)
        return struct.pack("<H", min(65535, int(volts / 3.1 * 65535)))

    def _pwm_set(self, gpio: int, payload: bytes) -> None:
        frequency, duty = struct.unpack("<IH", payload)
        if gpio in self.pwm:
            self.pwm[gpio](frequency, duty)

    def _flash_read(self, what: int, payload: bytes) -> bytes:
        if what == 1:
            return struct.pack("<I", self.flash.size)
        return bytes(self.flash.read(*struct.unpack("<II", payload)))

    def _flash_program(self, _: int, payload: bytes) -> bytes:
        self.bus_bytes["flash"] += len(payload) - 4
        self.flash.program(struct.unpack_from("<I", payload)[0], payload[4:])
        return b""

    def _flash_erase(self, _: int, payload: bytes) -> bytes:
        self.flash.erase(struct.unpack("<I", payload)[0])
        return b""

    @staticmethod
    def _nvs_name(payload: bytes) -> tuple[tuple[str, str], bytes]:
        n = payload[0]
        m = payload[1 + n]
        key = payload[1 : 1 + n].decode(), payload[2 + n : 2 + n + m].decode()
        return key, payload[2 + n + m :]

    def _nvs_set(self, _: int, payload: bytes) -> bytes:
        key, value = self._nvs_name(payload)
        self.nvs[key] = value
        return b""

    def _nvs_erase(self, _: int, payload: bytes) -> bytes:
        self.nvs.pop(self._nvs_name(payload)[0], None)
        return b""

    def _rtc_get(self, _: int, __: bytes) -> bytes:
        now = self._rtc_us + int((self._clock.now_ms() - self._rtc_at) * 1000)
        return struct.pack("<Q", now)

    def _rtc_set(self, _: int, payload: bytes) -> None:
        self._rtc_us, self._rtc_at = struct.unpack("<Q", payload)[0], self._clock.now_ms()

    def _sync(self, ms: int, _: bytes) -> bytes:
        self._clock.advance(ms)
        return b""

    def _feed(self, _: int, payload: bytes) -> None:
        if self._watchdog is not None:
            self._watchdog.cancel()
        timeout = struct.unpack("<I", payload)[0]
        self._watchdog = self._clock.call_later(timeout, lambda: self.reset(WATCHDOG))
