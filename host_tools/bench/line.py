"""A sale over the PN532's line: the real driver, the model of the chip, a clock of its own.

The clock stands still while the firmware computes, so every figure is the same each time.
"""

from dataclasses import dataclass, field
from typing import IO, Any

from host_tools.bench import mpy
from host_tools.bench.sales import Sale
from host_tools.vboard.cards.loader import load_card
from host_tools.vboard.chips.pn532 import Pn532
from host_tools.vboard.clock import ManualClock
from host_tools.vboard.wire import UartLine

# ISO/IEC 14443-4 at 106 kbit/s as a PN532 does it: blocks of at most 64 bytes with PCB and CRC,
# eight bits and a parity bit a byte of 128 / 13.56 MHz a bit
_BLOCK, _AROUND = 64, 3
BYTE_MS = 9 * 128 / 13560


def air_bytes(apdu: bytes) -> int:
    """Bytes on the air for one APDU, chained blocks and their acknowledgements (3) included."""
    blocks = max(1, -(-len(apdu) // (_BLOCK - _AROUND)))
    return len(apdu) + _AROUND * blocks + _AROUND * (blocks - 1)


@dataclass
class Traffic:
    """What one sale has cost on the wires; milliseconds are those of the virtual clock."""

    kind: int = 0
    why: str = ""
    baudrate: int = 0
    to_chip: int = 0  # bytes from the first to the last APDU
    to_board: int = 0
    fields: int = 0  # how often the RF field was switched on, finding the card included
    idle_ms: float = 0.0  # the whole answer was there, the next command was not
    naps: int = 0  # looks at the line that took a millisecond each while the chip had the word
    in_field_ms: float = 0.0  # from the first command to the last answer
    thought_ms: float = 0.0  # by the card model
    leave: int = 0  # answers heard when the card may leave
    found: list[list[bytes]] = field(default_factory=list)  # pieces the chip said, each write
    talk: list[list[bytes]] = field(default_factory=list)


class _Recorded:
    """A card model whose conversation is kept."""

    def __init__(self, card: Any, sale: Sale) -> None:
        self._card, self._sale = card, sale
        self.thought_ms = 0.0

    def __getattr__(self, name: str):
        return getattr(self._card, name)

    def exchange(self, capdu: bytes) -> bytes | None:
        answer = self._card.exchange(capdu)
        self.thought_ms += self._card.think_ms(capdu)
        if answer is not None:
            self._sale.conversation.append((bytes(capdu), bytes(answer)))
        return answer


class _Bench:
    """The chip's side: carries out what the firmware tells, counts what passes."""

    def __init__(self, sale: Sale) -> None:
        sale.conversation.clear()
        self.clock, self.wire = ManualClock(), UartLine()
        self.wire.to_board = self._arrives
        self.chip = Pn532(self.clock, self.wire, on_frame=self._frame)
        self._card = _Recorded(load_card(sale.card), sale)
        self.chip.tap(self._card)  # type: ignore[arg-type]
        self.chip.on_change = self._field
        self.traffic = Traffic()
        self._sale = sale
        self._arrived = b""
        self._turns: list[list[bytes]] = []
        self._talking = self._was_on = False
        self._answered: float | None = None  # when the last answer was complete
        self._start = (0, 0)

    def _arrives(self, data: bytes) -> None:
        self._arrived += data
        if self._turns:
            self._turns[-1].append(data)

    def _frame(self, direction: str, kind: str, summary: str) -> None:
        if direction == "chip" and kind == "response":
            self._answered = self.clock.now_ms()

    def _field(self) -> None:
        on = self.chip.field_on
        self.traffic.fields += on and not self._was_on
        self._was_on = on

    def serve(self, program: IO[str], answers: IO[str]) -> Traffic:
        """Do as the firmware says until it has ended."""
        for line in program:
            word, *rest = line.split(maxsplit=2)
            if word == "wait":
                answers.write(self._wait(int(rest[0]), int(rest[1])))
                answers.flush()
            elif word == "write":
                self._write(bytes.fromhex(rest[0]))
            elif word == "outcome":
                self.traffic.kind, self.traffic.why = int(rest[0]), " ".join(rest[1:])
            else:
                getattr(self, f"_{word}")(*rest)
        return self.traffic

    def _wait(self, ms: int, reads: int) -> str:
        """Let ``ms`` pass (-1: for ever), or less when something comes that is waited for."""
        end = None if ms < 0 else self.clock.now_ms() + ms
        if self._talking and ms > 0 and not reads:
            self.traffic.naps += 1
        while not (reads and self._arrived):
            due = self.clock.next_due_ms()
            if due is None or (end is not None and due > end):
                if end is None:
                    raise mpy.MeterError("the driver waits for what never comes")
                break
            self.clock.advance(due - self.clock.now_ms())
        if end is not None and not (reads and self._arrived):
            self.clock.advance(max(0.0, end - self.clock.now_ms()))
        data, self._arrived = self._arrived, b""
        return f"{int(self.clock.now_ms())} {data.hex()}\n"

    def _write(self, data: bytes) -> None:
        if self._talking and self._answered is not None:
            self.traffic.idle_ms += self.clock.now_ms() - self._answered
        self._answered = None
        self._turns.append([])
        self.wire.from_board(data)

    def _baud(self, rate: str) -> None:
        self.wire.board_baudrate = self.traffic.baudrate = int(rate)

    def _started(self) -> None:
        self.traffic.fields = 0

    def _first(self) -> None:
        self.traffic.found, self._turns = self._turns, []
        self._start = (self.wire.bytes_to_chip, self.wire.bytes_to_board)
        self._talking, self._answered, self._began = True, None, self.clock.now_ms()

    def _leave(self) -> None:
        self.traffic.leave = len(self._sale.conversation)

    def _last(self) -> None:
        self._talking = False
        self.traffic.talk = self._turns
        self.traffic.to_chip = self.wire.bytes_to_chip - self._start[0]
        self.traffic.to_board = self.wire.bytes_to_board - self._start[1]
        self.traffic.thought_ms = self._card.thought_ms
        self.traffic.in_field_ms = (self._answered or 0) - self._began


def run(sale: Sale, fast: bool = True) -> Traffic:
    """Play ``sale`` over the line, at 921600 baud or at 115200; fills its ``conversation``.

    Raises MeterError when the firmware fails.
    """
    with mpy.process(mpy.line_program(sale, fast)) as program:
        assert program.stdout is not None and program.stdin is not None
        traffic = _Bench(sale).serve(program.stdout, program.stdin)
        assert program.stderr is not None
        complaint = program.stderr.read().strip()
    if program.returncode or not traffic.kind:
        raise mpy.MeterError(f"{sale.name}: {(complaint or 'no outcome').splitlines()[-1]}")
    return traffic
