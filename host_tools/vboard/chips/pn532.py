"""The PN532 NFC reader on its high speed UART (NXP UM0701-02, firmware 1.6).

Bytes below (``receive`` and the line), physics above (``tap``, ``remove``, ``pull_after``), and
ways to go wrong (``misbehave``). Frames are in ``pn532_wire``, the antenna in ``pn532_radio``.

From memory, to be confirmed on a board: a frame with a wrong checksum is dropped in silence, so
that the host finds no ACK within 15 ms; a NACK while a command runs is ignored; a new command
takes back a baud rate change not yet acknowledged; before SAMConfiguration no card is seen.
"""

from collections.abc import Callable
from functools import partial

from host_tools.vboard.chips.pn532_faults import Pn532Faults
from host_tools.vboard.chips.pn532_radio import OK, TIME_OUT, WRONG_CONTEXT, Card, Job, Radio
from host_tools.vboard.chips.pn532_wire import (
    ACK,
    ERROR,
    TFI_CHIP,
    TFI_HOST,
    Frame,
    FrameReader,
    build,
)
from host_tools.vboard.clock import Clock
from host_tools.vboard.wire import Net, UartLine

ACK_MS = 1.0  # command frame complete to ACK; the manual's limit is 15 ms
WORK_MS = 0.5  # a command that uses no RF
BAUD_RATES = (9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600, 1288000)
FIRMWARE = bytes.fromhex("32010607")  # IC PN532, version 1.6, ISO 14443 A and B, ISO 18092
WAKE_BY_HSU = 0x10
RF_ITEMS = {0x01: 1, 0x02: 3, 0x04: 1, 0x05: 3, 0x0A: 11, 0x0B: 8, 0x0C: 3, 0x0D: 9}  # bytes each
BR_TY = {
    0: ("A", 0),
    1: ("F", 5),
    2: ("F", 5),
    3: ("B", 1),
    4: ("J", 0),
}  # type, least initiator data


class _SyntaxError(Exception):
    """The command's parameters are not of the form the manual gives."""


class Pn532:
    """The chip. All its calls and callbacks belong to the board's loop thread."""

    def __init__(
        self,
        clock: Clock,
        line: UartLine,
        reset: Net | None = None,
        *,
        wake_ms: float = 0.4,
        on_frame: Callable[[str, str, str], None] | None = None,
    ) -> None:
        """Solder the chip to ``line``; ``reset`` is RSTPDN, pulled up on the breakout, low: reset.

        ``wake_ms`` is the oscillator's start-up time, in which bytes are lost.
        ``on_frame(direction, kind, summary)`` sees every frame: "host" or "chip"; "command",
        "response", "ack", "nack", "error", "bad"; and words that never hold card data.
        """
        self._clock, self._line, self._reset_net = clock, line, reset
        self._wake_ms, self.on_frame = wake_ms, on_frame
        self.on_change: Callable[[], None] | None = None
        self.faults: list[str] = []
        self.baudrate = 115200
        self.radio = Radio(self.changed)
        self._reader = FrameReader()
        self._going_wrong = Pn532Faults()
        self._life = 0
        self._job: Job | None = None
        self._line_free = 0.0
        self._power_up()
        if reset is not None:
            reset.watch(lambda net: self._power_up())
        line.attach(self)

    # -- physics -------------------------------------------------------------

    @property
    def field_on(self) -> bool:
        """Whether the antenna radiates."""
        return self.radio.field_on

    @property
    def cards(self) -> tuple[Card, ...]:
        """The cards at the antenna, first come first."""
        return tuple(self.radio.cards)

    def tap(self, card: Card) -> None:
        """Hold ``card`` to the antenna; it stays until ``remove``."""
        self.radio.tap(card)

    def remove(self, card: Card | None = None) -> None:
        """Take ``card`` away, or every card."""
        self.radio.remove(card)

    def pull_after(self, n_apdus: int, during: bool = False) -> None:
        """Take all cards away once ``n_apdus`` APDUs have been answered from now on.

        0 is before the next one. With ``during`` the card is pulled in the exchange that follows:
        it has done its work, its answer is lost.
        """
        self.radio.pull_after(n_apdus, during)

    def changed(self) -> None:
        """Tell whoever watches that field or cards have changed."""
        if self.on_change is not None:
            self.on_change()

    # -- misbehaviour --------------------------------------------------------

    def misbehave(self, name: str, times: int | None = 1, **args: int | str) -> None:
        """Go wrong as ``pn532_faults.MISBEHAVIOURS`` says; "well" ends all of it.

        It happens ``times`` times (None: for good). Raises ValueError for a name or an argument
        the chip does not know.
        """
        self._going_wrong.ask(name, times, args)
        if self._going_wrong.take("reset") is not None:
            self._power_up()

    # -- power ---------------------------------------------------------------

    def _power_up(self) -> None:
        """Reset: LowVbat mode, asleep, 115200 baud (clause 3.1)."""
        self._drop_job()
        self._life += 1  # what is still on the line no longer counts
        self._reader.reset()
        self.baudrate = 115200
        self._new_baudrate: int | None = None
        self._last: bytes | None = None
        self._configured = False  # SAMConfiguration seen: normal mode
        self._fall_asleep(WAKE_BY_HSU)
        self.radio.reset()

    def _fall_asleep(self, sources: int) -> None:
        self._awake_at: float | None = None
        self._sources, self._edges = sources, 0
        self.radio.set_field(False)

    # -- the line ------------------------------------------------------------

    def receive(self, data: bytes) -> None:
        """Bytes from the host; they take their time on the line and count once they arethrough."""
        byte_ms = 10_000 / self.baudrate
        begin = max(self._clock.now_ms(), self._line_free)
        self._line_free = begin + len(data) * byte_ms
        if "silent" in self._going_wrong or self._held_in_reset():
            return
        heard = self._wake(data, begin, byte_ms)
        wait = self._line_free - self._clock.now_ms()
        for frame in self._reader.feed(heard):
            self._clock.call_later(wait, partial(self._arrived, frame, self._life))

    def _held_in_reset(self) -> bool:
        net = self._reset_net
        return net is not None and net.board_drive is not None and net.level == 0

    def _wake(self, data: bytes, begin: float, byte_ms: float) -> bytes:
        """Count rising edges while asleep; what is left of ``data`` once the oscillator runs.

        The fifth rising edge wakes the chip (PowerDown command): one 0x55, or five zeros.
        """
        for i, byte in enumerate(data):
            start = begin + i * byte_ms
            if self._awake_at is not None and start >= self._awake_at - 1e-6:
                return data[i:]
            if self._awake_at is None and self._sources & WAKE_BY_HSU:
                bits = byte << 1 | 0x200  # start bit, data from bit 0 up, stop bit
                self._edges += (~bits & bits >> 1 & 0x1FF).bit_count()
                if self._edges >= 5:
                    self._awake_at = start + byte_ms + self._wake_ms
        return b""

    def _send(self, raw: bytes, kind: str, summary: str) -> None:
        if "silent" in self._going_wrong:
            return
        self._trace("chip", kind, summary)
        if (garbage := self._going_wrong.take("garbage")) is not None:
            raw = bytes(garbage) + raw
        if kind == "response":
            raw = self._going_wrong.spoil(raw)
        self._line.from_chip(raw, self.baudrate)

    def _trace(self, direction: str, kind: str, summary: str) -> None:
        if self.on_frame is not None:
            self.on_frame(direction, kind, summary)

    # -- frames of the host --------------------------------------------------

    def _arrived(self, frame: Frame, life: int) -> None:
        if life != self._life:
            return
        if frame.kind == "bad":
            self._trace("host", "bad", frame.why)
            self.faults.append(f"frame from the host: {frame.why}")
        elif frame.kind == "ack":
            self._trace("host", "ack", "abort" if self._job else "")
            if self._job is None and self._new_baudrate is not None:
                self.baudrate = self._new_baudrate
            self._new_baudrate = None
            self._drop_job()
        elif frame.kind == "nack":
            self._trace("host", "nack", "")
            if self._last is not None and self._job is None:
                self._send(self._last, "response", "again")
        else:
            self._start(frame)

    def _drop_job(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._job = None
            self.radio.stop()

    def _start(self, frame: Frame) -> None:
        self._drop_job()  # a new command abandons the one that runs (clause 6.2.2)
        self._new_baudrate = None
        self._last = None
        code = frame.data[0] if frame.data else -1
        name = COMMANDS[code][0] if code in COMMANDS else f"command {code & 0xFF:02X}"
        self._trace("host", "command", f"{name}, {max(0, len(frame.data) - 1)} bytes")
        self._job = job = Job(self._clock, name, code, self._done)
        job.later(ACK_MS, lambda: self._acknowledge(job, frame))

    def _acknowledge(self, job: Job, frame: Frame) -> None:
        if self._going_wrong.take("no_ack") is None:
            self._send(ACK, "ack", "")
        job.later(WORK_MS, lambda: self._execute(job, frame))

    def _execute(self, job: Job, frame: Frame) -> None:
        if self._going_wrong.take("error_frame") is not None:
            self._refuse(job)
        elif frame.tfi != TFI_HOST or job.code not in COMMANDS:
            self.faults.append(f"{job.name} with TFI {frame.tfi:02X}: not known to this chip")
            self._refuse(job)
        else:
            try:
                COMMANDS[job.code][1](self, job, frame.data[1:])
            except _SyntaxError as why:
                self.faults.append(f"{job.name}: {why}")
                self._refuse(job)

    def _refuse(self, job: Job) -> None:
        job.cancel()
        self._job = None
        self._last = ERROR
        self._send(ERROR, "error", job.name)

    def _done(self, job: Job, data: bytes, after_ms: float) -> None:
        """A command has its result: send it after what it takes on the line."""
        job.cancel()
        code = job.code + 1
        if self._going_wrong.take("wrong_response") is not None:
            code += 2
        raw = build(TFI_CHIP, bytes([code & 0xFF]) + data)
        after_ms += len(raw) * 10_000 / self.baudrate
        if (slow := self._going_wrong.take("slow")) is not None:
            after_ms += int(slow)
        job.later(after_ms, lambda: self._respond(job, raw))

    def _respond(self, job: Job, raw: bytes) -> None:
        self._job = None
        self._last = raw
        self._send(raw, "response", f"{job.name}, {len(raw)} bytes on the line")
        if job.code == 0x16:
            self._fall_asleep(self._sources)

    # -- commands without RF -------------------------------------------------

    def _diagnose(self, job: Job, p: bytes) -> None:
        _need(len(p) >= 1 and p[0] in (0, 1, 2, 6), "this test is not modelled")
        if p[0] == 0:  # communication line: the parameters come back
            job.finish(p)
        elif p[0] == 6:  # is the ISO/IEC 14443-4 card still there?
            job.finish(bytes([OK if self.radio.present(1) else TIME_OUT]), 5.0)
        else:
            job.finish(bytes([OK]))

    def _firmware(self, job: Job, p: bytes) -> None:
        _need(not p, "takes no parameter")
        job.finish(FIRMWARE)

    def _status(self, job: Job, p: bytes) -> None:
        _need(not p, "takes no parameter")
        data = bytearray([self.radio.last_error, 0, len(self.radio.targets)])
        for number in self.radio.targets:
            data += bytes([number, 0, 0, 0])  # 106 kbit/s both ways, ISO/IEC 14443
        job.finish(bytes(data) + b"\x00")

    def _baud_rate(self, job: Job, p: bytes) -> None:
        _need(len(p) == 1 and p[0] < len(BAUD_RATES), "takes one byte, 0 to 8")
        self._new_baudrate = BAUD_RATES[p[0]]  # in force when the host has sent its ACK
        job.finish()

    def _set_parameters(self, job: Job, p: bytes) -> None:
        _need(len(p) == 1, "takes one byte of flags")
        self.radio.parameters = p[0]
        job.finish()

    def _sam(self, job: Job, p: bytes) -> None:
        _need(1 <= len(p) <= 3 and 1 <= p[0] <= 4, "takes mode 1 to 4, time-out, IRQ")
        if p[0] != 1:
            self.faults.append(
                "SAMConfiguration: this board has no SAM, mode 1 is the only one of use"
            )
        self._configured = True
        job.finish()

    def _power_down(self, job: Job, p: bytes) -> None:
        _need(1 <= len(p) <= 2, "takes the wake-up sources and the IRQ flag")
        if not p[0] & WAKE_BY_HSU:
            self.faults.append("PowerDown: the serial line is no wake-up source, only reset helps")
        self._sources = p[0]
        job.finish(bytes([OK]))

    # -- commands with RF ----------------------------------------------------

    def _rf_configuration(self, job: Job, p: bytes) -> None:
        _need(p[:1] != b"" and RF_ITEMS.get(p[0]) == len(p) - 1, "no such item, or not its length")
        if p[0] == 1:
            self.radio.set_field(bool(p[1] & 1) and self._may_radiate(job))
        elif p[0] == 5:
            self.radio.retries = p[3]
        job.finish()

    def _list_passive(self, job: Job, p: bytes) -> None:
        _need(len(p) >= 2 and 1 <= p[0] <= 2 and p[1] in BR_TY, "MaxTg is 1 or 2, BrTy 0 to 4")
        technology, least = BR_TY[p[1]]
        _need(len(p) - 2 >= least, "initiator data are missing")
        self.radio.list_passive(job, p[0], technology, deaf=not self._may_radiate(job))

    def _data_exchange(self, job: Job, p: bytes) -> None:
        _need(len(p) >= 1, "takes Tg and data")
        if (status := self._going_wrong.take("status")) is not None:
            job.finish(bytes([int(status)]), 5.0)
        else:
            self.radio.exchange(job, p[0], p[1:])

    def _to_targets(self, job: Job, p: bytes) -> None:
        """InDeselect, InRelease and InSelect: one target, or with 0 all of them."""
        _need(len(p) == 1, "takes Tg")
        numbers = [p[0]] if p[0] else list(self.radio.targets)
        todo = {0x44: self.radio.deselect, 0x52: self.radio.release, 0x54: self.radio.present}
        known = [todo[job.code](n) for n in numbers]
        job.finish(bytes([OK if all(known) else WRONG_CONTEXT]), 1.0 if known else 0.0)

    def _may_radiate(self, job: Job) -> bool:
        if not self._configured:
            self.faults.append(f"{job.name} before SAMConfiguration")
        return self._configured


def _need(true: bool, why: str) -> None:
    if not true:
        raise _SyntaxError(why)


COMMANDS: dict[int, tuple[str, Callable[[Pn532, Job, bytes], None]]] = {
    0x00: ("Diagnose", Pn532._diagnose),
    0x02: ("GetFirmwareVersion", Pn532._firmware),
    0x04: ("GetGeneralStatus", Pn532._status),
    0x10: ("SetSerialBaudRate", Pn532._baud_rate),
    0x12: ("SetParameters", Pn532._set_parameters),
    0x14: ("SAMConfiguration", Pn532._sam),
    0x16: ("PowerDown", Pn532._power_down),
    0x32: ("RFConfiguration", Pn532._rf_configuration),
    0x40: ("InDataExchange", Pn532._data_exchange),
    0x44: ("InDeselect", Pn532._to_targets),
    0x4A: ("InListPassiveTarget", Pn532._list_passive),
    0x52: ("InRelease", Pn532._to_targets),
    0x54: ("InSelect", Pn532._to_targets),
}
