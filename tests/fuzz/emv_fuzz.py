"""Damaged conversations against entry point and kernels, on CPython; ``taptill fuzz`` runs it.

Whatever a card says, a transaction ends in an Outcome that can be shown, after a bounded number of
commands, without an exception, and gives no card data away in its reason. What does otherwise is
kept as a script under build/fuzz.
"""

import argparse
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import emv_corpus
import yaml
from emv_corpus import LOSSES, ROOT, Answer, Talk
from pos.emv import outcome
from pos.emv.outcome import Outcome
from pos.protocol import apdu

FAILURES = ROOT / "build" / "fuzz"
# For one candidate: SELECT, GPO, 32 records and GENERATE AC, 8 rounds each; and 16 candidates
_MAX_COMMANDS = 35 * 8 * 16
_MAX_REQUESTS = 100
_LEAK = 7  # digits in a row that a reason and a PAN or track have in common

KINDS = range(outcome.APPROVED, outcome.END + 1)
MESSAGES = {value for name, value in vars(outcome).items() if name.startswith("MSG_")}
_SECRET = (0x57, 0x5A, 0x9F6B, 0x56)
_STATUS = ("9000", "6283", "6700", "6982", "6984", "6985", "6986", "6A81", "6A82", "6A83", "6A88")
_TAGS = (
    *("4F", "50", "57", "5A", "5F20", "5F24", "5F25", "5F28", "5F2D", "5F30", "5F34", "61", "6F"),
    *("70", "77", "80", "82", "84", "87", "8C", "8D", "8E", "8F", "90", "92", "93", "94", "95"),
    *("9A", "9C", "9F02", "9F07", "9F08", "9F0D", "9F0E", "9F0F", "9F10", "9F11", "9F12", "9F26"),
    *("9F27", "9F2A", "9F32", "9F33", "9F34", "9F36", "9F37", "9F38", "9F42", "9F44", "9F45"),
    *("9F46", "9F47", "9F48", "9F4A", "9F4B", "9F4C", "9F51", "9F5D", "9F66", "9F69", "9F6C"),
    *("9F6E", "9F7C", "A5", "BF0C", "DF4B", "DF8117", "FF8105", "00", "FF"),
)


class Failure(AssertionError):
    """A property does not hold; ``talk`` is the conversation as it went."""

    def __init__(self, why: str, talk: Talk) -> None:
        super().__init__(f"{why} ({talk.name})")
        self.talk = talk


def play(talk: Talk, answers) -> tuple[Outcome, int]:
    """Run a transaction; ``answers(capdu, n)`` is the card. Returns outcome, answers given.

    Raises Failure.
    """
    said: list[tuple[bytes, Answer]] = []
    requests = 0

    def fails(why: str) -> Failure:
        return Failure(why, replace(talk, exchanges=tuple(said)))

    kernel = talk.begin()
    try:
        step = next(kernel)
        while True:
            if isinstance(step, outcome.Ui | outcome.CaKey):
                requests += 1
                if requests > _MAX_REQUESTS:
                    raise fails("requests without end")
                step = kernel.send(None if isinstance(step, outcome.Ui) else talk.key(step))
                continue
            if len(said) >= _MAX_COMMANDS:
                raise fails("commands without end")
            if not isinstance(step, bytes) or not 5 <= len(step) <= 261:
                raise fails("no C-APDU")
            answer = answers(step, len(said))
            said.append((step, answer))
            if isinstance(answer, str):
                step = kernel.throw(getattr(apdu, answer)())
            else:
                step = kernel.send(memoryview(bytearray(answer)))
    except StopIteration as end:
        result = end.value
    except Failure:
        raise
    except Exception as error:
        raise fails(f"{type(error).__name__}: {error}") from error
    why = _wrong(result)
    if why:
        raise fails(why)
    return result, len(said)


def _wrong(result: Outcome) -> str:
    if not isinstance(result, Outcome):
        return "no Outcome"
    if result.kind not in KINDS or result.message not in MESSAGES:
        return f"kind {result.kind}, message {result.message}"
    if result.cvm not in range(4) or result.oda not in range(4) or result.step not in range(9):
        return f"cvm {result.cvm}, oda {result.oda}, step {result.step}"
    if result.kind == outcome.SELECT_NEXT:
        return "the entry point hands SELECT_NEXT on"
    if any(not isinstance(value, bytes | bytearray) for value in result.tags.values()):
        return "a value that is no bytes"
    return _leak(result)


def _leak(result: Outcome) -> str:
    """Whether the reason holds a piece of PAN or track."""
    if len(result.why) >= _LEAK:
        for tag in _SECRET:
            text = bytes(result.tags.get(tag, b"")).hex()
            for at in range(len(text) - _LEAK + 1):
                piece = text[at : at + _LEAK]
                if piece.isdigit() and piece in result.why:
                    return f"the reason holds digits of {tag:02X}"
    return ""


# what becomes of good answers


@dataclass
class Node:
    """A data object: its tag, and its value or what is in it."""

    tag: bytes
    value: bytes
    inner: list["Node"]

    def written(self, odd: random.Random | None = None) -> bytes:
        """Its bytes; with ``odd`` its length may have a form longer than it needs."""
        value = b"".join(n.written() for n in self.inner) if self.inner else self.value
        n = len(value)
        size = bytes([n]) if n < 128 else b"\x81" + bytes([n]) if n < 256 else _long(n)
        if odd is not None:
            size = odd.choice([_long(n), b"\x81" + bytes([n & 255]), b"\x83\x00" + _long(n)[1:]])
        return self.tag + size + value


def _long(n: int) -> bytes:
    return b"\x82" + (n & 0xFFFF).to_bytes(2, "big")


def tree(data: bytes) -> list[Node] | None:
    """The objects of good data, or None."""
    found, at = [], 0
    while at < len(data):
        end = at + 1
        if data[at] & 0x1F == 0x1F:
            while end < len(data) and data[end] & 0x80:
                end += 1
            end += 1
        if end >= len(data):
            return None
        tag, n, start = data[at:end], data[end], end + 1
        if n > 0x80:
            start += n - 0x80
            n = int.from_bytes(data[end + 1 : start], "big")
        value = data[start : start + n]
        if len(value) != n:
            return None
        inner = tree(value) if tag[0] & 0x20 else None
        found.append(Node(tag, value, inner or []))
        at = start + n
    return found


def _all(nodes: list[Node]) -> list[tuple[list[Node], int]]:
    found = []
    for at, node in enumerate(nodes):
        found.append((nodes, at))
        found += _all(node.inner)
    return found


class Mutator:
    """Damages conversations; the same seed, the same damage."""

    def __init__(self, seed: int, talks: list[Talk]) -> None:
        self.dice = random.Random(seed)
        self.pool = [a for talk in talks for _, a in talk.exchanges if isinstance(a, bytes)]
        self.values = sorted({n.value for a in self.pool for n in self._nodes(a) if n.value})

    @staticmethod
    def _nodes(answer: bytes) -> list[Node]:
        return [nodes[at] for nodes, at in _all(tree(answer[:-2]) or [])]

    def damaged(self, talk: Talk) -> list[Answer]:
        """The answers of ``talk``, one to four of them, or none, not as they were."""
        dice = self.dice
        answers = [answer for _, answer in talk.exchanges]
        for _ in range(dice.choice((1, 1, 1, 2, 2, 3, 4))):
            at = dice.randrange(len(answers)) if answers else 0
            if answers and isinstance(answers[at], bytes):
                answers[at] = self._hurt(answers[at])
            if dice.random() < 0.08 and len(answers) > 1:
                other = dice.randrange(len(answers))
                answers[at], answers[other] = answers[other], answers[at]
        if dice.random() < 0.03 and answers:
            answers[dice.randrange(len(answers))] = dice.choice(LOSSES)
        return answers

    def _hurt(self, answer: bytes) -> bytes:
        dice = self.dice
        way = dice.random()
        if way < 0.75:
            nodes = tree(answer[:-2])
            if nodes:
                return self._objects(nodes) + answer[-2:]
        if way < 0.92:
            return self._bytes(bytearray(answer))
        if way < 0.95:
            return answer[:-2] + self._status()
        if way < 0.97:
            return dice.choice(self.pool)
        return dice.randbytes(dice.choice((0, 1, 2, 8, 60, 256))) + self._status()

    def _status(self) -> bytes:
        dice = self.dice
        if dice.random() < 0.3:
            return bytes((dice.choice((0x61, 0x6C)), dice.randrange(256)))
        return bytes.fromhex(dice.choice(_STATUS)) if dice.random() < 0.8 else dice.randbytes(2)

    def _bytes(self, data: bytearray) -> bytes:
        dice = self.dice
        at = dice.randrange(len(data)) if data else 0
        way = dice.randrange(6)
        if way == 0 and data:
            data[at] ^= 1 << dice.randrange(8)
        elif way == 1 and data:
            data[at] = dice.choice((0, 1, 0x7F, 0x80, 0x81, 0x82, 0xFF, dice.randrange(256)))
        elif way == 2:
            del data[at : at + dice.randint(1, 4)]
        elif way == 3:
            data[at:at] = dice.randbytes(dice.randint(1, 4))
        elif way == 4:
            del data[at:]
        else:
            piece = data[at : at + dice.randint(1, 40)]
            data[at:at] = piece
        return bytes(data[:258])

    def _objects(self, nodes: list[Node]) -> bytes:
        """Well-formed on the outside: objects doubled, removed, moved, changed, written oddly."""
        dice = self.dice
        row, at = dice.choice(_all(nodes))
        node = row[at]
        way = dice.randrange(14)
        if way == 0:
            row.insert(dice.randint(0, len(row)), Node(node.tag, node.value, node.inner))
        elif way == 1:
            row.insert(at, Node(node.tag, self._value(node.value), []))  # twice, different
        elif way == 2:
            del row[at]
        elif way == 3:
            other, there = dice.choice(_all(nodes))
            if not node.inner and not other[there].inner:
                row[at], other[there] = other[there], row[at]
        elif way == 4:
            node.tag = bytes.fromhex(dice.choice(_TAGS))
        elif way == 5:
            row.insert(at, Node(bytes.fromhex(dice.choice(_TAGS)), self._value(b""), []))
        elif way == 6:
            row[at] = Node(b"", node.written(dice), [])
            return b"".join(n.value if not n.tag else n.written() for n in nodes)
        elif way == 7:
            for _ in range(dice.randint(1, 9)):
                row[at] = Node(b"\xa5", b"", [row[at]])
        else:
            node.inner, node.value = [], self._value(node.value)
        return b"".join(n.written() for n in nodes)[:256]

    def _value(self, value: bytes) -> bytes:
        dice = self.dice
        way = dice.randrange(7)
        if way == 0:
            return value[: dice.randint(0, len(value))]
        if way == 1:
            return value + dice.randbytes(dice.randint(1, 4))
        if way == 2:
            return dice.choice(self.values)
        if way == 3:
            return bytes([dice.choice((0, 0xFF, 0x99, 0xAA))]) * len(value)
        if way == 4:
            return dice.randbytes(len(value))
        changed = bytearray(value or b"\x00")
        changed[dice.randrange(len(changed))] = dice.randrange(256)
        return bytes(changed)


class Card:
    """Gives damaged answers to the commands that the good ones were for, others in turn."""

    def __init__(self, talk: Talk, answers: list[Answer], dice: random.Random) -> None:
        self._known = {}
        for (command, _), answer in zip(talk.exchanges, answers, strict=True):
            self._known.setdefault(command, answer)
        self._kinds: dict[bytes, list[Answer]] = {}
        for (command, _), answer in zip(talk.exchanges, answers, strict=True):
            self._kinds.setdefault(command[1:2], []).append(answer)
        self._dice = dice

    def __call__(self, capdu: bytes, n: int) -> Answer:
        """The answer to a command, the ``n``-th."""
        if capdu in self._known:
            return self._known[capdu]
        fitting = self._kinds.get(capdu[1:2])
        if fitting and self._dice.random() < 0.9:
            return fitting[n % len(fitting)]
        return b"\x6a\x82" if self._dice.random() < 0.5 else "CardLost"


@dataclass
class Tally:
    """What a run has seen: answers by kernel, outcomes by kind."""

    answers: Counter
    kinds: Counter
    failures: list[Path]


def run(
    *, seed: int = 0, answers: int = 0, seconds: float = 0.0, kernels=(2, 3, 7), tell=print
) -> Tally:
    """Play damaged conversations until each kernel has had ``answers``, or for ``seconds``."""
    talks = emv_corpus.corpus()
    mutator = Mutator(seed, talks)
    tally = Tally(Counter(), Counter(), [])
    for kernel in kernels:
        mine = [talk for talk in talks if talk.kernel == kernel and talk.exchanges]
        share = time.monotonic() + seconds / len(kernels) if seconds else 0.0
        while tally.answers[kernel] < answers or (seconds and time.monotonic() < share):
            talk = mutator.dice.choice(mine)
            card = Card(talk, mutator.damaged(talk), mutator.dice)
            try:
                result, count = play(talk, card)
            except Failure as failure:
                count = len(failure.talk.exchanges)
                path = keep(failure)
                tell(f"fuzz: {failure}; kept as {path.relative_to(ROOT)}")
                tally.failures.append(path)
            else:
                tally.kinds[kernel, result.kind] += 1
            tally.answers[kernel] += count
            if len(tally.failures) >= 20:
                return tally
    return tally


def keep(failure: Failure) -> Path:
    """Write the conversation of a failure as a script, in the notation of tests/vectors/emv."""
    talk = failure.talk
    lines = [
        "# TEST DATA, made by taptill fuzz: a conversation after which a kernel failed.",
        f"# {failure}",
        f"- name: {' '.join(str(failure).split())[:80]!r}",
        f"  kernel: {talk.kernel}",
        f"  amount: {talk.txn['amount']}",
        f"  aids: {talk.aids.hex().upper()!r}",
        "  exchanges:",
    ]
    for command, answer in talk.exchanges:
        told = answer if isinstance(answer, str) else answer.hex().upper()
        lines.append(f'    - ["{command.hex().upper()}", "{told}"]')
    text = "\n".join(lines) + "\n"
    FAILURES.mkdir(parents=True, exist_ok=True)
    path = FAILURES / f"{random.Random(text).randrange(16**8):08x}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def replay(path: Path) -> int:
    """Play a script that ``keep`` has written: 1 when the failure is still there."""
    script = yaml.safe_load(path.read_text(encoding="utf-8"))[0]
    said = tuple(
        (bytes.fromhex(command), answer if answer in LOSSES else bytes.fromhex(answer))
        for command, answer in script["exchanges"]
    )
    talk = emv_corpus.talk(script["name"], bytes.fromhex(script["aids"]), script["amount"], said)
    try:
        result, _ = play(talk, lambda capdu, n: said[n][1] if n < len(said) else "CardLost")
    except Failure as failure:
        print(f"fuzz: {failure}")
        return 1
    print(f"fuzz: outcome {result.kind}: {result.why}")
    return 0


def main(arguments: list[str] | None = None) -> int:
    """For so many minutes; 1 when something was found."""
    parser = argparse.ArgumentParser(prog="taptill fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=None, help="default: another one each time")
    parser.add_argument("--replay", type=Path, help="play a script that was kept, and stop")
    parser.add_argument("--kernel", type=int, choices=(2, 3, 7), default=None)
    told = parser.parse_args(arguments)
    if told.replay is not None:
        return replay(told.replay)
    seed = random.randrange(10**6) if told.seed is None else told.seed
    print(f"fuzz: seed {seed}, {told.minutes:g} minutes", flush=True)
    kernels = (told.kernel,) if told.kernel else (2, 3, 7)
    tally = run(seed=seed, seconds=told.minutes * 60, kernels=kernels)
    for kernel in kernels:
        kinds = {
            name: tally.kinds[kernel, getattr(outcome, name)]
            for name in ("APPROVED", "DECLINED", "ONLINE", "TRY_AGAIN", "OTHER_INTERFACE", "END")
        }
        ends = ", ".join(f"{name} {count}" for name, count in kinds.items())
        print(f"fuzz: kernel {kernel}: {tally.answers[kernel]} answers; {ends}")
    found = len(tally.failures)
    print(f"fuzz: {found} failures kept in build/fuzz" if found else "fuzz: nothing found")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
