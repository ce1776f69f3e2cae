"""A 58 mm thermal receipt printer on a UART: its buffer, its head, its paper, its answers.

Bytes come at the line's baud rate, the head moves at its own speed, and what does not fit into the
buffer between the two is lost. Status bytes after Epson's ESC/POS reference (DLE EOT, GS r, GS a).
The language is in ``escpos_language``, the dots are in ``thermal_paper``.
"""

import random
from collections import deque
from collections.abc import Callable
from math import inf
from pathlib import Path

from PIL import Image

from host_tools.vboard.chips.escpos_language import Job, Language
from host_tools.vboard.chips.thermal_paper import DOTS_PER_MM, Line, Slip
from host_tools.vboard.clock import Clock, Timer
from host_tools.vboard.wire import Net, UartLine

_FIXED = 0x12  # bits 1 and 4 of every answer to DLE EOT
_IDENTITY = {65: "1.0", 66: "TAPTILL", 67: "MODEL58", 68: "00000001"}
_MISBEHAVIOURS = ("well", "dead", "silent", "garbage", "never_ready", "slow")


class EscPosPrinter:
    """One printer. ``busy`` is 1 while it wants no bytes: buffer nearly full, or off line."""

    def __init__(
        self,
        clock: Clock,
        line: UartLine,
        busy: Net | None = None,
        *,
        baudrate: int = 115200,
        dots: int = 384,
        buffer_bytes: int = 4096,
        mm_per_s: float = 60.0,
        tear_bar_mm: float = 11.0,
        cjk_font: Path | None = None,
        gb18030: bool = True,
    ) -> None:
        """``tear_bar_mm``: from the head to the edge at which paper is torn off; ``gb18030``: its
        character set, with FS &; a printer without it takes each byte for a letter.
        """
        self._clock, self._line, self._busy = clock, line, busy
        self.baudrate, self.dots, self.buffer_bytes = baudrate, dots, buffer_bytes
        self.mm_per_s, self.tear_bar_mm, self._cjk_font = mm_per_s, tear_bar_mm, cjk_font
        self.gb18030 = gb18030
        self.faults: list[str] = []
        self.on_change: Callable[[], None] | None = None
        self.on_work: Callable[[bool], None] | None = None  # well, and bytes come or it prints
        self._works = False
        self.bytes_lost = 0
        self.slips: list[Slip] = []
        self._slip = self._fresh_slip()
        self._powered = self._has_paper = True
        self._low_paper = self._open = self._hot = False
        self._lines_left: int | None = None
        self._way, self._way_arg = "well", 1.0
        self._timer: Timer | None = None
        self._is_busy = False
        self._at = clock.now_ms()
        self._start_up()
        line.attach(self)
        self._settle()

    def _start_up(self) -> None:
        self._buffer = bytearray()
        self._language = Language(
            self._buffer,
            self.dots,
            self.faults.append,
            self._obey,
            self._cjk_font,
            self.gb18030,
        )
        self._arriving: deque[tuple[float, int]] = deque()  # when, and which byte
        self._heard = b""
        self._lost_run = 0
        self._job: Job | None = None
        self._job_end = inf
        self._reports = 0  # n of GS a
        self._reported = b""

    # --- the line ---

    def receive(self, data: bytes) -> None:
        """Bytes from the board begin to arrive now, one after the other."""
        self._pump()
        if not self._powered or self._way == "dead":
            return
        byte_ms = 10_000 / self.baudrate
        at = max(self._clock.now_ms(), self._arriving[-1][0] if self._arriving else 0.0)
        for i, byte in enumerate(data, 1):
            self._arriving.append((at + i * byte_ms, byte))
        self._arm()

    def _say(self, data: bytes) -> None:
        if self._way == "garbage":
            data = random.Random(len(data) + int(self._at)).randbytes(len(data)) + b"\xff"
        if self._way != "silent":
            self._line.from_chip(data, self.baudrate)

    def _take(self, byte: int) -> None:
        """A byte has arrived: real-time commands are seen at once, also when there is no room."""
        if len(self._buffer) < self.buffer_bytes:
            self._report_loss()
            self._buffer.append(byte)
        else:
            self._lost_run += 1
        self._heard = (self._heard + bytes((byte,)))[-3:]
        if len(self._heard) == 3 and self._heard[:2] == b"\x10\x04":
            if self._lost_run:  # none of it may stay behind alone
                stored = 3 - min(3, self._lost_run)
                del self._buffer[len(self._buffer) - stored :]
                self._lost_run = max(0, self._lost_run - 3)
            if 1 <= byte <= 4:
                self._say(bytes((self.status(byte),)))
            else:
                self.faults.append(f"DLE EOT {byte}: no such status")
            self._heard = b""

    def _report_loss(self) -> None:
        if self._lost_run:
            self.bytes_lost += self._lost_run
            self.faults.append(f"buffer overflow: {self._lost_run} bytes lost")
            self._lost_run = 0

    # --- time ---

    def _pump(self) -> None:
        """Live through everything up to now: bytes that arrive, jobs that end."""
        now = self._clock.now_ms()
        while True:
            byte_at = self._arriving[0][0] if self._arriving else inf
            if min(byte_at, self._job_end) > now:
                break
            self._at = min(byte_at, self._job_end)
            if self._job_end <= byte_at:
                self._finish_job()
            else:
                self._take(self._arriving.popleft()[1])
                if not self._arriving:
                    self._pause_in_line()
            self._settle()
        self._at = now

    def _pause_in_line(self) -> None:
        if self._heard[-1:] != b"\x10" and self._heard[-2:] != b"\x10\x04":
            self._report_loss()

    def _arm(self) -> None:
        """Wake up for the end of the job, and each millisecond in which bytes arrive."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = self._clock.now_ms()
        due = self._job_end
        if self._arriving:
            due = min(due, max(self._arriving[0][0], min(now + 1.0, self._arriving[-1][0])))
        works = due != inf and self._way == "well"
        if works != self._works:
            self._works = works
            if self.on_work is not None:
                self.on_work(self._works)
        if due != inf:
            self._timer = self._clock.call_later(due - now, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self._pump()
        self._arm()

    def _settle(self) -> None:
        """Work on the buffer as far as the head is free; then tell the board how things are."""
        while self._job is None and self.online:
            step = self._language.step()
            if isinstance(step, Job):
                self._job = step
                self._job_end = self._at + self._duration(step)
            elif not step:
                break
        self._show_busy()
        self._report()

    def _duration(self, job: Job) -> float:
        slower = self._way_arg if self._way == "slow" else 1.0
        return job.dots.height / DOTS_PER_MM / self.mm_per_s * 1000 * slower

    def _finish_job(self) -> None:
        job, self._job, self._job_end = self._job, None, inf
        if job is None:
            return
        self._slip.strips.append(job.dots)
        self._slip.lines.extend(job.lines)
        if self._lines_left is not None and job.lines:
            self._lines_left -= len(job.lines)
            if self._lines_left <= 0:
                self._lines_left, self._has_paper = None, False
        self.changed()

    def _show_busy(self) -> None:
        if self._busy is None:
            return
        if not self._powered:
            return self._busy.drive(None)
        free = self.buffer_bytes - len(self._buffer)
        nearly_full = free < self.buffer_bytes // (4 if self._is_busy else 8)
        self._is_busy = not self.online or nearly_full
        self._busy.drive(int(self._is_busy))
        return None

    # --- status ---

    @property
    def online(self) -> bool:
        """Whether it prints what it gets."""
        ready = self._powered and self._has_paper and not self._open and not self._hot
        return ready and self._way not in ("never_ready", "dead")

    @property
    def idle(self) -> bool:
        """Whether everything that was sent has been printed."""
        return not (self._arriving or self._buffer or self._job)

    def status(self, n: int) -> int:
        """The byte that answers DLE EOT ``n``: 1 printer, 2 cause, 3 error, 4 paper."""
        no_paper, error = not self._has_paper, self._hot or self._way == "never_ready"
        bits = {
            1: (not self.online) << 3,
            2: self._open << 2 | no_paper << 5 | error << 6,
            3: self._hot << 6 | (self._way == "never_ready") << 5,
            4: (self._low_paper or no_paper) * 0x0C | no_paper * 0x60,
        }
        return _FIXED | bits[n]

    def _paper_bits(self) -> int:
        no_paper = not self._has_paper
        return (self._low_paper or no_paper) * 0x03 | no_paper * 0x0C

    def _obey(self, name: str, n: int) -> None:
        if name == "send_status":
            self._say(bytes((self._paper_bits() if n == 1 else 0,)))
        elif name == "automatic_status":
            self._reports, self._reported = n, b""
        elif n in _IDENTITY:
            self._say(b"_" + _IDENTITY[n].encode() + b"\0")
        else:
            self._say(bytes(({1: 0x20, 2: 0x01, 3: 0x01}[n & 3],)))

    def _report(self) -> None:
        """Automatic status back (GS a): 4 bytes when switched on and at each change."""
        if not self._reports or not self._powered:
            return
        first = 0x10 | (not self.online) << 3 | self._open << 5
        status = bytes((first, self._hot << 6, self._paper_bits(), 0))
        if status != self._reported:
            self._reported = status
            self._say(status)

    # --- hands ---

    def _happens(self, **state: bool) -> None:
        """A hand or the heat changes something."""
        self._pump()
        was = self.online
        for name, value in state.items():
            setattr(self, name, value)
        if self._job is not None and (self._open or not self._powered):
            self._job_end = inf  # the head is off the paper: the line will be begun again
        elif self._job is not None and self._job_end == inf and self.online:
            self._job_end = self._at + self._duration(self._job)
        self._settle()
        self._arm()
        if was != self.online or state:
            self.changed()

    def paper_out(self, after_lines: int = 0) -> None:
        """The roll ends, now or after ``after_lines`` more lines; a line begun is finished."""
        if after_lines:
            self._lines_left = after_lines
        else:
            self._happens(_has_paper=False)

    def near_end(self) -> None:
        """The roll becomes thin; it prints on."""
        self._happens(_low_paper=True)

    def new_paper(self) -> None:
        """A new roll; what was on the old one comes off as a slip. The cover is left as it is."""
        if self._slip.lines:
            self.slips.append(self._slip)
            self._slip = self._fresh_slip()
        self._lines_left = None
        self._happens(_has_paper=True, _low_paper=False)

    def open_cover(self) -> None:
        """The head leaves the paper in the middle of a line."""
        self._happens(_open=True)

    def close_cover(self) -> None:
        """The head is back: the line that was broken off is printed again, and the rest."""
        self._happens(_open=False)

    def overheat(self) -> None:
        """The head is too hot and stops after the line."""
        self._happens(_hot=True)

    def cool_down(self) -> None:
        """The head has cooled down and goes on by itself."""
        self._happens(_hot=False)

    def power_off(self) -> None:
        """Buffer, settings and the line in work are lost; the paper stays."""
        self._pump()
        self._start_up()
        self._happens(_powered=False)

    def power_on(self) -> None:
        """Ready with the settings of ESC @."""
        self._happens(_powered=True)

    def misbehave(self, way: str, *args: float) -> None:
        """Be "well", "dead", "silent", "garbage" (answers), "never_ready" or "slow" (factor).

        Raises ValueError for another name. One way at a time.
        """
        if way not in _MISBEHAVIOURS:
            raise ValueError(f"a printer cannot be {way!r}; it knows {_MISBEHAVIOURS}")
        self._pump()
        self._way, self._way_arg = way, float(args[0]) if args else 10.0
        self._happens()

    def changed(self) -> None:
        """Tell whoever looks at the paper."""
        if self.on_change is not None:
            self.on_change()

    # --- paper ---

    @property
    def _bar_rows(self) -> int:
        return round(self.tear_bar_mm * DOTS_PER_MM)

    def _fresh_slip(self) -> Slip:
        """Paper freshly put in hangs out as far as the tear bar."""
        return Slip(self.dots, [Image.new("1", (self.dots, self._bar_rows))])

    @property
    def slip(self) -> Slip:
        """The paper since it was last torn off; what the tear bar still covers is at its end."""
        return self._slip

    @property
    def lines(self) -> list[Line]:
        """The lines on the paper since it was last torn off."""
        return self._slip.lines

    def text(self) -> str:
        """The lines on the paper since it was last torn off, as they lie, trimmed at the right."""
        return self._slip.text

    def image(self) -> Image.Image:
        """The paper since it was last torn off: 464 dots wide, the printable 384 in the middle."""
        return self._slip.image()

    def tear(self) -> str:
        """Tear the paper off; returns the text of the slip, which is also appended to ``slips``.

        What lies between head and tear bar becomes the top of the next slip. It is a fault when
        there is print on it: it has been torn through.
        """
        self._pump()
        slip, self._slip = self._slip, Slip(self.dots)
        if slip.lines and slip.blank_rows < self._bar_rows:
            fed = slip.blank_rows / DOTS_PER_MM
            self.faults.append(f"torn through the print: fed {fed:g} of {self.tear_bar_mm:g} mm")
        self._slip.strips.append(slip.cut(self._bar_rows))
        self.slips.append(slip)
        self.changed()
        return slip.text
