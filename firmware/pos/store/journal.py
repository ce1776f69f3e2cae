"""The journal of a batch: one file of records that are only ever appended.

The state of a transaction is its last record; a record is on flash when the call that made it
returns. A transaction is a dict with the names of ``records.NAMES``, ``state``, and ``tries`` (the
reversals sent):

    begun -> sending -> approved | declined | cancelled
             sending -> reversing (again for each attempt) -> reversed
    begun -> approved | declined | cancelled
    begun -> approved, to be uploaded -> uploaded, still approved | declined

What was begun but not sent when the power went is cancelled by ``open``; what was sent and not
closed is ``pending``: a reversal is due (or, for an advice, the same request again), and nothing
else is sent before it. What was approved here is ``waiting`` until the host has it.

Beside the transactions the file has the steps of the settlement: after the first nothing begins.
"""

import os
from array import array

from micropython import const

from pos.store import records
from pos.store.records import JournalError

# The kinds of records; the state after a record is its place here.
_BEGIN = const(1)
_SENDING = const(2)
_APPROVED = const(3)
_DECLINED = const(4)
_CANCELLED = const(5)
_REVERSAL = const(6)
_REVERSED = const(7)
_PRINTED = const(8)
_OFFLINE = const(9)
_UPLOADED = const(10)
_STEP = const(11)
STATES = ("", "begun", "sending", "approved", "declined", "cancelled", "reversing", "reversed")

_CAPACITY = const(500)
_HEAD = const(8)  # of the file
_FULL = const(480 * 1024)  # beyond it no transaction begins; the rest is for closing what is open
_STATE = const(7)
_WAITS = const(128)  # a flag: approved here, the host has not been told; declined: nor the shop
_COPIES = const(4)  # shift
_MOST_COPIES = const(7)
_FIELD_COPIES = const(25)  # place in records.NAMES
_NOBODY = const(0xFFFF)  # the number in records that belong to no transaction

# For each record kind, the states it may follow: bit n = state n.
_AFTER = b"\x00\x00\x02\x06\x06\x06\x44\x44\xd8\x02\x08"


class JournalFull(JournalError):
    """The batch holds all it may: settle first."""


class Journal:
    """The transactions of ``batch`` (1..999999) in ``root``/batch; call ``open`` first.

    ``room``: 768 bytes or more that others may use between two calls; without it has its own.
    """

    def __init__(self, root: str, batch: int, room=None):
        self.batch = batch
        self.path = "%s/batch/%06d.jnl" % (root, batch)
        try:
            os.mkdir(root + "/batch")
        except OSError:  # it is there; if not, open says so
            pass
        self._record = records.Record(room)
        # For each transaction where it begins (units of 8 bytes), and its state, flags and copies.
        self._at = array("H", bytes(2 * _CAPACITY))
        self._flags = bytearray(_CAPACITY)
        self._traces = bytearray(_CAPACITY)  # their lower 8 bits

    def open(self) -> None:
        """Read the file once, drop a torn tail, cancel what was begun and not sent.

        Bytes that are no sound record but are followed by one are passed over; ``damaged`` is
        then the offset of the first of them, otherwise None. ``dropped`` is the length of the
        torn tail. LittleFS lets neither happen by a power cut: the terminal must report both.
        Raises OSError.
        """
        self.count = 0
        # The records of a transaction follow each other; number and place of each that does not,
        # and where those of the newest end
        self._late = array("H")
        self._row = 0
        self.damaged = None
        self._pending = self._begun = -1
        self.settling = {}  # fields of the settlement's last step, see ``settle``
        record = self._record
        head = b"TTJ1" + self.batch.to_bytes(4, "big")
        try:
            size = os.stat(self.path)[6]
        except OSError:
            size = 0
        if size < _HEAD:
            with open(self.path, "wb") as file:
                file.write(head)
            size = _HEAD
        at = self._end = _HEAD
        with open(self.path, "rb") as file:
            if file.read(_HEAD) != head:
                self.damaged = 0
            while at < size:
                if not record.read(file, at):
                    at += records.UNIT
                    continue
                if at != self._end and self.damaged is None:
                    self.damaged = self._end
                self._apply(record.kind, record.number, at)
                at += record.size
                self._end = at
        self.dropped = size - self._end
        if self.dropped:
            self._drop_tail()
        if self._begun >= 0:
            self._append(_CANCELLED, self._begun, {})

    def _apply(self, kind, number, at):
        """Note the record in the buffer; where its begin is lost, the transaction begins here."""
        if kind == _STEP:
            self._record.fields(self.settling)
            return
        if number >= _CAPACITY or not 0 < kind <= _UPLOADED:
            return
        while self.count <= number:
            self._at[self.count] = at // records.UNIT
            self._flags[self.count] = 0
            self.count += 1
            self._row = at
        row = number == self.count - 1 and at == self._row
        if row:
            self._row += self._record.size
        flags = self._flags[number]
        if kind == _PRINTED:
            copies = min(self._record.trace(_FIELD_COPIES), _MOST_COPIES) << _COPIES
            if flags & _STATE == _DECLINED:
                flags &= ~_WAITS
            self._flags[number] = flags & (_STATE | _WAITS) | copies
            return
        trace = self._record.trace()
        if trace:
            self._traces[number] = trace & 0xFF
        if not row:
            self._late.append(number)
            self._late.append(at // records.UNIT)
        if kind == _UPLOADED:
            self._flags[number] = flags & ~_WAITS
            return
        if kind == _OFFLINE:
            flags |= _WAITS
            kind = _APPROVED
        self._flags[number] = flags & ~_STATE | kind
        if kind == _BEGIN:
            self._begun = number
        elif number == self._begun:
            self._begun = -1
        if kind in (_SENDING, _REVERSAL):
            self._pending = number
        elif number == self._pending:
            self._pending = -1

    def _drop_tail(self):
        """Copy what is sound to a new file and put it in place: appending starts where it ends."""
        temp = self.path + "~"
        left = self._end
        with open(self.path, "rb") as old, open(temp, "wb") as new:
            while left:
                part = self._record.view[: min(left, len(self._record.view))]
                old.readinto(part)
                new.write(part)
                left -= len(part)
        os.rename(temp, self.path)

    def _append(self, kind, number, txn, old=None):
        data = self._record.make(kind, number, txn, old)
        with open(self.path, "ab") as file:
            file.write(data)
            file.flush()
        self._apply(kind, number, self._end)
        self._end += len(data)

    def _step(self, kind, trace):
        """The number of the transaction to which a record of ``kind`` is about to be added."""
        with open(self.path, "rb") as file:
            number = self._number(trace, file)
        if number < 0:
            raise JournalError("no such trace")
        state = self._flags[number] & _STATE
        if not _AFTER[kind] >> state & 1:
            raise JournalError("%s after %s" % (kind, STATES[state]))
        return number

    def begin(self, txn: dict) -> None:
        """Record a new transaction with ``trace``, ``kind``, ``amount``; sets batch and state.

        One that was begun before and not closed is cancelled. Raises JournalFull, also once the
        batch is being settled.
        """
        if self.count >= _CAPACITY or self._end >= _FULL or self.settling:
            raise JournalFull("%d transactions" % self.count)
        if not 0 < txn["trace"] <= 999999:
            raise JournalError("trace")
        if self._begun >= 0:
            self._append(_CANCELLED, self._begun, {})
        txn["batch"] = self.batch
        self._append(_BEGIN, self.count, txn)
        txn["state"] = "begun"

    def sending(self, txn: dict) -> None:
        """Record all of the transaction; from now on a silence means a reversal.

        Raises JournalError while another transaction is pending.
        """
        number = self._step(_SENDING, txn["trace"])
        if self._pending >= 0:
            raise JournalError("a reversal is due")
        self._append(_SENDING, number, txn)
        txn["state"] = "sending"

    def close(self, txn: dict) -> None:
        """Record the end, ``txn["state"]`` approved, declined or cancelled, and what is new in it.

        Cancelled after ``sending`` is for a request of which no byte has left the terminal.
        """
        kind = STATES.index(txn["state"])
        if not _APPROVED <= kind <= _CANCELLED:
            raise JournalError("close as " + txn["state"])
        number = self._step(kind, txn["trace"])
        self._append(kind, number, txn, self._read(number))

    def approve(self, txn: dict) -> None:
        """Record that ``txn`` is approved without the host, which is still to be told."""
        txn["state"] = "approved"
        number = self._step(_OFFLINE, txn["trace"])
        self._append(_OFFLINE, number, txn, self._read(number))

    def uploaded(self, trace: int, answer: dict) -> None:
        """Record that the host has what was approved without it; ``answer``: what it gave.

        With ``state`` "declined" in it the host has refused, and it is approved no more.
        """
        kind = _DECLINED if answer.get("state") == "declined" else _UPLOADED
        self._append(kind, self._step(_UPLOADED, trace), answer)

    def waiting(self, after: int = 0):
        """The oldest transaction of which the host is still to be told, or None.

        ``after``: the oldest but so many.
        """
        for number in range(self.count):
            if self._flags[number] & (_WAITS | _STATE) == _WAITS | _APPROVED:
                if not after:
                    return self._read(number)
                after -= 1
        return None

    def settle(self, **fields) -> None:
        """Record a step of the settlement: nothing begins in this batch any more.

        ``settling`` has the newest value of each field: ``step``, ``done``, totals, ``balanced``.
        """
        self._append(_STEP, _NOBODY, fields)

    def reversal(self, trace: int, reason: str) -> None:
        """Record that a reversal is about to be sent, with its F39 (98, A0, 06)."""
        self._append(_REVERSAL, self._step(_REVERSAL, trace), {"reason": reason})

    def reversed(self, trace: int, rc: str) -> None:
        """Record that the reversal is over, with the F39 of its answer as ``reversal_rc``."""
        self._append(_REVERSED, self._step(_REVERSED, trace), {"reversal_rc": rc})

    def printed(self, trace: int, copy: int) -> None:
        """Record that copy ``copy`` (1..7) of a transaction is on paper.

        Of one that is not approved: 1 the report, 2 that of its reversal after a fault report.
        """
        self._append(_PRINTED, self._step(_PRINTED, trace), {"copies": copy})

    def pending(self):
        """The transaction that was sent and not closed, or None: a reversal is due."""
        return self._read(self._pending) if self._pending >= 0 else None

    def unprinted(self, wanted: int = 2):
        """Yield the transactions of which slips are due: fewer than ``wanted`` copies on paper.

        Or a report: of one that was approved here and refused by the host, of one whose reversal
        is due still, of one whose reversal is over after that was reported.
        """
        for number in range(self.count):
            flags = self._flags[number]
            state = flags & _STATE
            copies = flags >> _COPIES & _MOST_COPIES
            if (
                (state == _APPROVED and copies < wanted)
                or (state == _DECLINED and flags & _WAITS)
                or (state == _REVERSAL and not copies)
                or (state == _REVERSED and copies == 1)
            ):
                yield self._read(number)

    def owed(self, wanted: int, most: int) -> tuple:
        """How many uploads and how many slips wait; beyond ``most`` of each it does not count."""
        uploads = slips = 0
        while uploads < most and self.waiting(uploads):
            uploads += 1
        for _ in self.unprinted(wanted):
            slips += 1
            if slips == most:
                break
        return uploads, slips

    def find(self, trace: int):
        """The transaction with ``trace``, or None."""
        with open(self.path, "rb") as file:
            number = self._number(trace, file)
            return self._read(number, file) if number >= 0 else None

    def last(self, state=None):
        """The newest transaction (in ``state``, if given), or None."""
        for number in range(self.count - 1, -1, -1):
            now = STATES[self._flags[number] & _STATE]
            if now and state in (None, now):
                return self._read(number)
        return None

    def transactions(self, start: int = 0):
        """Yield all transactions, oldest first, from that number on; nothing may be written
        meanwhile."""
        with open(self.path, "rb") as file:
            for number in range(start, self.count):
                if self._flags[number] & _STATE:
                    yield self._read(number, file)

    def _number(self, trace, file):
        """The number of the newest transaction with ``trace``; -1 when there is none."""
        low = trace & 0xFF
        traces = self._traces
        for number in range(self.count - 1, -1, -1):
            if traces[number] != low:
                continue
            if self._record.read(file, self._at[number] * records.UNIT):
                if self._record.number == number and self._record.trace() == trace:
                    return number
        return -1

    def _read(self, number, file=None):
        """The transaction ``number`` as its records add up."""
        if not file:
            with open(self.path, "rb") as file:
                return self._read(number, file)
        flags = self._flags[number]
        txn = {"state": STATES[flags & _STATE], "tries": 0}
        at = self._at[number] * records.UNIT
        while self._merge(file, at, number, txn):
            at += self._record.size
        late = self._late
        for i in range(0, len(late), 2):
            if late[i] == number:
                self._merge(file, late[i + 1] * records.UNIT, number, txn)
        txn["copies"] = flags >> _COPIES & _MOST_COPIES
        return txn

    def _merge(self, file, at, number, txn):
        """Add the record at ``at``; returns whether there is one and it is of ``number``."""
        record = self._record
        if not record.read(file, at) or record.number != number:
            return False
        record.fields(txn)
        txn["tries"] += record.kind == _REVERSAL
        return True
