"""Issuer update: what the issuer has answered goes to the card, which is presented once more.

EMV Contactless Books A and B (online request, then Start B with the issuer's data): the
application of before is selected again, without a directory and without GPO; C-3 and C-7 [M]:
EXTERNAL AUTHENTICATE with 91, then the commands of 71 and 72 in their order. Only where reader
(TTQ byte 3, b8) and card (CTQ byte 2, b7) both can; kernel 2 has none of it. Pure.
"""

from micropython import const

from pos.emv.link import command
from pos.protocol import apdu, tlv
from pos.protocol.errors import BadBytes

_READER_CAN = const(0x80)
_CARD_CAN = const(0x40)
# DF31, 5 bytes for each script (EMV Book 4, A5 [M]): what became of it and the number of the
# command that failed (15: or a later one); its identifier 9F18, zeros without one
_ONE = const(5)
_FAILED = const(0x10)
_DONE = const(0x20)
_MOST = const(15)
_FINE = b"\x90\x61\x62\x63"  # SW1: warnings do not end a script (EMV Book 3, 10.10)


def possible(tags: dict) -> bool:
    """Whether the card of an outcome's ``tags`` takes an update at this reader."""
    ttq, ctq = tags.get(0x9F66) or b"", tags.get(0x9F6C) or b""
    if len(ttq) != 4 or len(ctq) != 2:
        return False
    return bool(ttq[2] & _READER_CAN and ctq[1] & _CARD_CAN)


class Update:
    """The issuer's data for one card, and how far they have got, also when the card leaves.

    ``name`` is the ADF name, ``data`` F55 of the answer. ``results`` is DF31, true at any moment.
    Raises BadBytes for data that are broken, or a command that is none.
    """

    def __init__(self, name: bytes, data: bytes):
        self._name = name
        self._arpc = tlv.find(data, 0x91)
        self._todo = []  # (number of the script, of the command in it, whether the last; C-APDU)
        self._next = 0
        self._ended = -1  # the script that has failed last
        self.results = bytearray()
        for tag, i, n in tlv.walk(data):
            if tag in (0x71, 0x72):
                self._script(data[i : i + n])

    def _script(self, data):
        script = len(self.results) // _ONE
        result = bytearray(_ONE)
        found = []
        for tag, i, n in tlv.walk(data):
            if tag == 0x9F18 and n == _ONE - 1:
                result[1:] = data[i : i + n]
            elif tag == 0x86:
                if n < 4:
                    raise BadBytes("86", i, "no command")
                found.append(data[i : i + n])
        self.results.extend(result)
        for number in range(len(found)):
            last = number == len(found) - 1
            self._todo.append((script, number + 1, last, found[number]))

    def done(self) -> bool:
        """Whether the card has carried out all of it."""
        for i in range(0, len(self.results), _ONE):
            if self.results[i] < _DONE:
                return False
        return True

    def run(self):
        """Yield C-APDUs, to be answered by the R-APDU; return whether it was such a card.

        After a card that left it begins anew, and goes on with the command that was not answered.
        """
        _, sw = yield from command(apdu.select(self._name))
        if sw != 0x9000 and sw != 0x6283:  # a blocked application may be unblocked
            return False
        if self._arpc:
            yield apdu.external_authenticate(self._arpc)
        while self._next < len(self._todo):
            script, number, last, capdu = self._todo[self._next]
            at = script * _ONE
            if script != self._ended:
                self.results[at] = _FAILED | min(number, _MOST)  # until the card says otherwise
                answer = yield capdu
                if apdu.sw(answer) >> 8 not in _FINE:
                    self._ended = script
                else:
                    self.results[at] = _DONE if last else _FAILED | min(number + 1, _MOST)
            self._next += 1
        return True
