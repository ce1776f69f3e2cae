"""Reading a card, the same for all kernels: GET PROCESSING OPTIONS' answer and the records."""

from micropython import const

from pos.emv import outcome, tags
from pos.emv.link import command
from pos.emv.outcome import Outcome
from pos.protocol import apdu, tlv
from pos.protocol.errors import BadBytes

_MAX_RECORDS = const(32)
_MAX_SIGNED = const(2048)  # bytes of static data to be authenticated

# What only the certificates need
_CERTIFICATES = b"\x00\x90\x00\x92\x00\x93\x9f\x46\x9f\x48\x9f\x4b"


def options(card: dict, answer, terminal: dict) -> None:
    """AIP and AFL in format 1 (80), everything in format 2 (77) (EMV Book 3, 6.5.8.4)."""
    for tag, i, n in tlv.walk(answer):
        if tag == 0x80:
            if n < 6 or (n - 2) & 3:
                raise BadBytes("80", i, "length {}".format(n))
            card[0x82] = bytes(answer[i : i + 2])
            card[0x94] = bytes(answer[i + 2 : i + n])
            return
        if tag == 0x77:
            tags.harvest(card, memoryview(answer)[i : i + n], terminal)
            return
        raise BadBytes("{:02X}".format(tag), i, "not a GPO answer")
    raise BadBytes("GPO", 0, "empty")


def records(card: dict, terminal: dict):
    """READ RECORD all that the AFL names (EMV Book 3, 10.2).

    Returns (an Outcome when the card refuses or None, the static data to be authenticated).
    """
    signed = bytearray()
    afl = _checked(card.get(0x94, b""))
    for i in range(0, len(afl), 4):
        sfi, first = afl[i] >> 3, afl[i + 1]
        for record in range(first, afl[i + 2] + 1):
            answer, sw = yield from command(apdu.read_record(sfi, record))
            if sw != 0x9000:
                return Outcome(outcome.END, "READ RECORD {:04X}".format(sw)), b""
            body = _record(card, sfi, answer, terminal)
            if record < first + afl[i + 3]:
                if len(signed) + len(body) > _MAX_SIGNED:
                    raise BadBytes("94", i + 3, "over {} bytes signed".format(_MAX_SIGNED))
                signed += body
    return None, signed


def _checked(afl):
    """The AFL, when it can be followed (EMV Book 3, 10.2); raises BadBytes."""
    if len(afl) & 3:
        raise BadBytes("94", 0, "length {}".format(len(afl)))
    count = 0
    for i in range(0, len(afl), 4):
        sfi, first, last, signed = afl[i] >> 3, afl[i + 1], afl[i + 2], afl[i + 3]
        if afl[i] & 7 or not 1 <= sfi <= 30 or not 1 <= first <= last:
            raise BadBytes("94", i, "no such record")
        if signed > last - first + 1:
            raise BadBytes("94", i + 3, "more signed than there are")
        count += last - first + 1
        if count > _MAX_RECORDS:
            raise BadBytes("94", i, "over {} records".format(_MAX_RECORDS))
    return afl


def _record(card: dict, sfi: int, answer, terminal: dict):
    """Take in a record; returns what of it is signed when the AFL says so (EMV Book 3, 10.3).

    Files 1 to 10 hold one template 70 a record (5.3.2), whose value is signed; others are the
    issuer's own, not read, and signed as they are.
    """
    if sfi > 10:
        return answer
    count = start = size = 0
    for tag, start, size in tlv.walk(answer):
        count += 1
        if tag != 0x70 or count > 1:
            raise BadBytes("{:02X}".format(tag), start, "not one template 70")
        tags.harvest(card, memoryview(answer)[start : start + size], terminal)
    if not count:
        raise BadBytes("70", 0, "missing")
    return memoryview(answer)[start : start + size]


def static_data(card: dict, records_signed):
    """All that the certificates cover (EMV Book 3, 10.3): the records, then the AIP if 9F4A says
    so. A list that names anything else is found out by ``oda``.

    ``records_signed`` is what `records` has returned; the AIP is put behind it in place.
    """
    if 0x9F4A in card:
        records_signed += card[0x82]
    return records_signed


def drop_certificates(card: dict) -> None:
    """Forget what nobody needs any more when a kernel has ended."""
    for i in range(0, len(_CERTIFICATES), 2):
        card.pop(_CERTIFICATES[i] << 8 | _CERTIFICATES[i + 1], None)
