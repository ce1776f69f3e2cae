"""Operators and their PINs: 00 supervisor, 01.. operators, 99 administrator.

A PIN is kept as salted, iterated SHA-256 under the device key. Wrong tries are counted on flash
before the PIN is looked at, so that pulling the plug saves nobody a try: three, then each further
one after a wait of 30 s, 60 s, ... up to an hour, which starts again in full with the power.
The file "users" has rows of operator 2, salt 8, hash 16; "tries" of operator 2, wrong tries 1.
"""

from hashlib import sha256
from os import urandom

from micropython import const

from pos.store import files
from pos.store.seal import equal

OK = 0
WRONG = 1
LOCKED = 2
UNKNOWN = 3

INITIAL = (("00", "123456"), ("01", "0000"), ("99", "99999999"))

_ROW = const(26)
_SALT = const(8)
_HASH = const(16)
_ROUNDS = const(500)
_FREE_TRIES = const(3)
_FIRST_WAIT_S = const(30)
_LONGEST_WAIT_S = const(3600)


class Users:
    """The operators in ``root``. ``seconds()`` is a clock that the operator cannot set.

    ``waits``, kept by the caller from one ``Users`` to the next, knows when each wait began.

    On the first start the operators of ``INITIAL`` are made. Raises files.Damaged.
    """

    def __init__(self, root: str, sealer, seconds, waits=None):
        self._path = root + "/users"
        self._tries_path = root + "/tries"
        self._sealer = sealer
        self._seconds = seconds
        rows = files.load(self._path)
        self._tries = files.load(self._tries_path) or bytearray()
        self._since = {} if waits is None else waits  # operator: when the wait began
        for i in range(0, len(self._tries), 3):
            self._since.setdefault(bytes(self._tries[i : i + 2]).decode(), seconds())
        if rows is None:
            rows = bytearray(b"".join(self._row(op, pin) for op, pin in INITIAL))
            files.save(self._path, rows)
        self._rows = rows

    def operators(self) -> list:
        """The operator numbers, each two digits, in the order they were made."""
        rows = self._rows
        return [bytes(rows[i : i + 2]).decode() for i in range(0, len(rows), _ROW)]

    def check(self, op: str, pin) -> tuple:
        """Try a PIN (ASCII digits, text or bytes).

        Returns (OK, 0), (WRONG, tries left), (LOCKED, seconds to wait) or (UNKNOWN, 0).
        """
        at = self._find(op)
        if at < 0:
            return UNKNOWN, 0
        wait = self.wait(op)
        if wait:
            return LOCKED, wait
        tries = min(self._wrong(op) + 1, 255)
        self._count(op, tries)
        row = self._rows[at : at + _ROW]
        if equal(self._hash(op, row[2 : 2 + _SALT], pin), row[2 + _SALT :]):
            self._count(op, 0)
            return OK, 0
        if tries < _FREE_TRIES:
            return WRONG, _FREE_TRIES - tries
        return LOCKED, self.wait(op)

    def wait(self, op: str) -> int:
        """Seconds until the next try is taken, 0 for at once."""
        over = self._wrong(op) - _FREE_TRIES
        if over < 0:
            return 0
        whole = min(_FIRST_WAIT_S << min(over, 7), _LONGEST_WAIT_S)
        now = self._seconds()
        if now < self._since[op]:  # the clock was set back
            self._since[op] = now
        return max(0, int(self._since[op] + whole - now))

    def set_pin(self, op: str, pin) -> None:
        """Give ``op`` (two digits) a PIN of 4..8 digits and new tries; a new operator is added.

        Raises ValueError for another number or PIN. Whether it is a weak one is asked by ``weak``.
        """
        digits = pin.encode() if isinstance(pin, str) else pin
        good = 4 <= len(digits) <= 8 and all(48 <= digit <= 57 for digit in digits)
        if not (good and len(op) == 2 and op.isdigit()):
            raise ValueError("operator or PIN")
        at = self._find(op)
        if at < 0:
            at = len(self._rows)
        rows = bytes(self._rows[:at]) + self._row(op, pin) + bytes(self._rows[at + _ROW :])
        files.save(self._path, rows)
        self._rows = bytearray(rows)
        if self._wrong(op):
            self._count(op, 0)

    def remove(self, op: str) -> None:
        """Delete an operator; one that is not there is deleted already."""
        at = self._find(op)
        if at < 0:
            return
        rows = bytes(self._rows[:at]) + bytes(self._rows[at + _ROW :])
        files.save(self._path, rows)
        self._rows = bytearray(rows)
        if self._wrong(op):
            self._count(op, 0)

    def weak(self, op: str, pin, least: int) -> str:
        """Why ASCII digits are no good PIN of ``op``: short, same, steps, number, old; or ""."""
        if len(pin) < least:
            return "short"
        step = (pin[1] - pin[0]) % 10
        for i in range(1, len(pin)):
            if (pin[i] - pin[i - 1]) % 10 != step:
                step = -1
                break
        if step == 0:
            return "same"
        if step in (1, 9):
            return "steps"
        number = op.encode()
        for i in range(len(pin)):
            if pin[i] != number[i & 1]:
                break
        else:
            return "number"
        at = self._find(op)
        if at >= 0:
            row = self._rows[at : at + _ROW]
            if equal(self._hash(op, row[2 : 2 + _SALT], pin), row[2 + _SALT :]):
                return "old"
        return ""

    def _find(self, op):
        for at in range(0, len(self._rows), _ROW):
            if self._rows[at : at + 2] == op.encode():
                return at
        return -1

    def _row(self, op, pin):
        salt = urandom(_SALT)
        return op.encode() + salt + self._hash(op, salt, pin)

    def _hash(self, op, salt, pin):
        first = sha256(salt)
        first.update(pin)
        digest = first.digest()
        for _ in range(_ROUNDS):
            digest = sha256(digest + salt).digest()
        return self._sealer.digest("pin", op.encode(), digest)[:_HASH]

    def _tries_at(self, op):
        for at in range(0, len(self._tries), 3):
            if self._tries[at : at + 2] == op.encode():
                return at
        return len(self._tries)

    def _wrong(self, op):
        at = self._tries_at(op)
        return self._tries[at + 2] if at < len(self._tries) else 0

    def _count(self, op, tries):
        """Make ``tries`` the number of wrong tries of ``op``, on flash."""
        at = self._tries_at(op)
        changed = self._tries[:at] + op.encode() + bytes((tries,)) + self._tries[at + 3 :]
        files.put(self._tries_path, changed)
        self._tries = changed
        self._since[op] = self._seconds()
