"""Command APDUs as a card receives them (ISO/IEC 7816-4 clause 5.1, short), and status words."""

from dataclasses import dataclass

OK = 0x9000
MORE_DATA = 0x6100
SELECTED_FILE_INVALIDATED = 0x6283
AUTHENTICATION_FAILED = 0x6300
WRONG_LENGTH = 0x6700
CONDITIONS_NOT_SATISFIED = 0x6985
CONDITIONS_OF_DEVICE = 0x6986  # a phone: its owner has something to do first
MAC_MISSING = 0x6987
MAC_WRONG = 0x6988
NO_FUNCTION = 0x6A81  # a card that its issuer has blocked
FILE_NOT_FOUND = 0x6A82
RECORD_NOT_FOUND = 0x6A83
WRONG_P1P2 = 0x6A86
DATA_NOT_FOUND = 0x6A88
WRONG_LE = 0x6C00
UNKNOWN_INS = 0x6D00
UNKNOWN_CLA = 0x6E00


class Refusal(Exception):
    """The card answers with a status word that is not 9000, rarely with data before it."""

    def __init__(self, sw: int, data: bytes = b"") -> None:
        super().__init__(f"{sw:04X}")
        self.sw, self.data = sw, data


@dataclass(frozen=True, repr=False)
class Command:
    """A parsed command; ``le`` is None without an Le byte, 256 for Le = 00."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes
    le: int | None


def parse(capdu: bytes) -> Command:
    """Take a command apart, cases 1 to 4. Raises Refusal(6700) when the lengths do not fit."""
    if len(capdu) < 4:
        raise Refusal(WRONG_LENGTH)
    cla, ins, p1, p2 = capdu[:4]
    body = capdu[4:]
    if not body:
        return Command(cla, ins, p1, p2, b"", None)
    if len(body) == 1:
        return Command(cla, ins, p1, p2, b"", body[0] or 256)
    lc = body[0]
    if lc == 0 or len(body) not in (lc + 1, lc + 2):
        raise Refusal(WRONG_LENGTH)
    le = (body[-1] or 256) if len(body) == lc + 2 else None
    return Command(cla, ins, p1, p2, body[1 : lc + 1], le)


def name(capdu: bytes) -> str:
    """What a command is called; says nothing of its data."""
    if capdu[:2] == b"\x00\xa4":
        return "SELECT PPSE" if capdu[5:10] == b"2PAY." else "SELECT AID"
    names = {b"\x80\xa8": "GPO", b"\x00\xb2": "READ RECORD", b"\x80\xca": "GET DATA"}
    names |= {b"\x80\xae": "GENERATE AC", b"\x00\xc0": "GET RESPONSE"}
    names |= {b"\x00\x82": "EXTERNAL AUTHENTICATE", b"\x04\xda": "PUT DATA"}
    names |= {b"\x84\x1e": "APPLICATION BLOCK", b"\x84\x18": "APPLICATION UNBLOCK"}
    names |= {b"\x84\x16": "CARD BLOCK", b"\x84\x24": "PIN CHANGE"}
    return names.get(bytes(capdu[:2]), f"command {bytes(capdu[:2]).hex().upper()}")
