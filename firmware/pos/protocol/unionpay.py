"""The UnionPay direct-POS dialect as data: fields, transactions, response codes, framing.

Profile of a terminal at its acquirer (64 fields, BCD, TPDU, F64 MAC), not of the inter-bank
network. Where an acquirer differs the tables here are the place that says so.
"""

from micropython import const

from pos.protocol.errors import BadBytes

# One entry a field: kind, length digits, maximum low and high byte (see `iso8583`).
PROFILE = (
    b"\0\0\0\0"  # 1   second bitmap: not used
    b"n\x02\x13\0"  # 2   PAN n..19
    b"n\0\x06\0"  # 3   processing code
    b"n\0\x0c\0"  # 4   amount, fen
    b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"  # 5..10
    b"n\0\x06\0"  # 11  STAN (= voucher number)
    b"n\0\x06\0"  # 12  time hhmmss
    b"n\0\x04\0"  # 13  date MMDD
    b"n\0\x04\0"  # 14  expiry YYMM
    b"n\0\x04\0"  # 15  settlement date MMDD
    b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"  # 16..21
    b"l\0\x03\0"  # 22  entry mode, left aligned
    b"n\0\x03\0"  # 23  card sequence number
    b"\0\0\0\0"  # 24
    b"n\0\x02\0"  # 25  service point condition
    b"n\0\x02\0"  # 26  PIN capture
    b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"  # 27..31
    b"n\x02\x0b\0"  # 32  acquirer n..11
    b"\0\0\0\0\0\0\0\0"  # 33..34
    b"z\x02\x25\0"  # 35  track 2 z..37
    b"z\x03\x68\0"  # 36  track 3 z..104
    b"a\0\x0c\0"  # 37  reference number
    b"a\0\x06\0"  # 38  authorisation code
    b"a\0\x02\0"  # 39  response code
    b"\0\0\0\0"  # 40
    b"s\0\x08\0"  # 41  terminal id
    b"s\0\x0f\0"  # 42  merchant id
    b"\0\0\0\0"  # 43
    b"s\x02\x19\0"  # 44  issuer and acquirer ans..25
    b"\0\0\0\0\0\0\0\0\0\0\0\0"  # 45..47
    b"n\x03\x42\x01"  # 48  private n..322
    b"a\0\x03\0"  # 49  currency, "156"
    b"\0\0\0\0\0\0\0\0"  # 50..51
    b"b\0\x08\0"  # 52  PIN block
    b"n\0\x10\0"  # 53  security control
    b"s\x03\x14\0"  # 54  balance ans..20
    b"b\x03\xff\0"  # 55  IC data
    b"\0\0\0\0\0\0\0\0"  # 56..57
    b"b\x03\x64\0"  # 58  e-purse data
    b"s\x03\x58\x02"  # 59  terminal, QR and SM data ans..600
    b"n\x03\x1e\0"  # 60  type, batch, network code ... (some send up to 30 digits)
    b"n\x03\x1d\0"  # 61  original transaction n..29
    b"b\x03\0\x02"  # 62  private ..512: keys, parameters
    b"s\x03\xa3\0"  # 63  operator, card organisation and texts ans..163
    b"b\0\x08\0"  # 64  MAC, 8 ASCII characters
)

# A line a kind: MTI, F3, F25, F60.1, F60.3 ("-" absent, "=" as its original), what is true of it:
#   M carries a MAC         R may be reversed            A an advice, sent again until answered
#   V original by F37, F38, F61 (batch, trace)           D and its date in F61
#   H original by F38 and F61 (batch, trace, date)       Z F38 and F61 of 16 zeros
#   F original by F37 and F61 (its date alone)           a F38 alone, a voice authorisation
#   d counts as debit, c as credit, t changes what counts already (settlement)
#   X no amount             P a pre-authorisation: F25 is 18 when the card is not there
TRANSACTIONS = """
sign_in 0800 ------ -- 00 003 -
sign_off 0820 ------ -- 00 002 -
echo 0820 ------ -- 00 301 -
sale 0200 000000 00 22 000 MRd
void 0200 200000 00 23 000 MRVc
refund 0220 200000 00 25 000 MAFc
balance 0200 310000 00 01 000 MX
preauth 0100 030000 06 10 000 MRP
preauth_void 0100 200000 06 11 000 MRHP
preauth_add 0100 030000 60 10 000 MRZP
completion 0200 000000 06 20 000 MRHPd
completion_void 0200 200000 06 21 000 MRVDPc
notice 0220 000000 06 24 000 MAHPd
offline 0220 000000 00 30 000 MAad
ec_sale 0220 000000 00 36 000 MAd
adjust 0220 000000 00 32 000 MAVt
tip 0220 000000 00 34 000 MAVt
instalment 0200 000000 64 22 000 MRd
instalment_void 0200 200000 64 23 000 MRVc
reversal 0400 ====== == == === M
script 0620 ====== -- == 951 M
settlement 0500 ------ -- 00 201 -
upload 0320 ------ -- 00 201 -
parameters 0800 ------ -- 00 360 -
parameters_end 0800 ------ -- 00 361 -
status 0820 ------ -- 00 362 -
capk 0800 ------ -- 00 370 -
capk_end 0800 ------ -- 00 371 -
capk_query 0820 ------ -- 00 372 -
aid 0800 ------ -- 00 380 -
aid_end 0800 ------ -- 00 381 -
aid_query 0820 ------ -- 00 382 -
blocked 0800 ------ -- 00 390 -
blocked_end 0800 ------ -- 00 391 -
limits 0800 ------ -- 00 394 -
limits_end 0800 ------ -- 00 395 -
"""

# Card organisations (F63, reference, section 3), then the RID of their applications, then first
# digits of their card numbers where there is no application [M]. All others are CUP, own cards.
_ORGS = """
VIS A000000003 4
MCC A000000004 51 52 53 54 55 22 23 24 25 26 27
AMX A000000025 34 37
JCB A000000065 35
DCC A000000152 30 36 38 39
"""
_OWN = "CUP"

# "#code" of each answer that means the same, then "|" and the group. What it means is said by
# ``pos.words``: ``rc_`` and the first code of the row, ``help_`` and the group.
# Groups: A approved, P wrong PIN, S sign in again, K keep the card, C call the bank,
# R try again later, N no such original, M set-up of merchant or terminal, D declined.
RESPONSES = (
    "#00|A\n"
    "#10|A\n"
    "#11|A\n"
    "#A2#A4#A5#A6|A\n"
    "#01|C\n"
    "#03|M\n"
    "#04#34#41#43|K\n"
    "#05|D\n"
    "#12|D\n"
    "#13|D\n"
    "#14|D\n"
    "#15|D\n"
    "#21|D\n"
    "#22|D\n"
    "#25|N\n"
    "#30|R\n"
    "#38#75|D\n"
    "#40|D\n"
    "#51|D\n"
    "#54|D\n"
    "#55|P\n"
    "#57|D\n"
    "#58|M\n"
    "#59|D\n"
    "#61|D\n"
    "#62|D\n"
    "#64|D\n"
    "#65|D\n"
    "#68|R\n"
    "#90|R\n"
    "#91#98|R\n"
    "#92#96|R\n"
    "#94|D\n"
    "#97|M\n"
    "#99|S\n"
    "#A0|S\n"
    "#A1|D\n"
    "#A3|D\n"
    "#A7|R\n"
)

_TPDU = const(5)
_HEADER = const(6)
_PREFIX = const(13)  # length, TPDU, header
_SHORTEST = const(21)  # TPDU, header, MTI, bitmap
_LONGEST = const(2048)  # no allocation beyond what a terminal has room for


def transaction(kind: str) -> tuple:
    """(MTI, F3, F25, F60.1, F60.3, flags) of a kind of TRANSACTIONS, which says what flags mean.

    F3 and F25 are None when not sent; a reversal copies what reads ``=`` from its original.
    Raises BadBytes for a kind that is not in the table.
    """
    i = TRANSACTIONS.find("\n" + kind + " ")
    if i < 0 or " " in kind:
        raise BadBytes("transaction", 0, "not in the table")
    mti, f3, f25, f60, code, flags = TRANSACTIONS[i + 1 : TRANSACTIONS.find("\n", i + 1)].split()[
        1:
    ]
    return mti, None if f3[0] == "-" else f3, None if f25[0] == "-" else f25, f60, code, flags


def is_kind(kind: str, flag: str) -> bool:
    """Whether ``flag`` is true of a kind, see TRANSACTIONS."""
    return flag in transaction(kind)[5]


def organisation(pan: str, aid: str = "") -> str:
    """The card organisation by the ``aid`` (hex) of the application that paid, else by the PAN, of
    which the first 6 digits will do."""
    for row in _ORGS.split("\n"):
        if aid:
            if row and row[4:14] == aid[:10]:
                return row[:3]
        elif any(pan.startswith(digits) for digits in row[15:].split()):
            return row[:3]
    return _OWN


def foreign(org) -> bool:
    """Whether cards of an organisation have totals of their own in a settlement; None: no."""
    return bool(org) and org != _OWN


def response_mti(mti: str) -> str:
    """The MTI of the answer to a request: 0200 -> 0210."""
    if len(mti) != 4 or mti[2] not in "02468":
        raise BadBytes("MTI", 0, "not a request")
    return mti[:2] + chr(ord(mti[2]) + 1) + mti[3]


def has_mac(mti: str) -> bool:
    """Whether messages of this MTI (request or answer) end in F64: 01xx, 02xx, 04xx, 06xx."""
    return mti[:2] in ("01", "02", "04", "06")


def response(code: str) -> tuple:
    """(group, first code of its row) of F39; see RESPONSES.

    A code not listed is declined, and ``other``.
    """
    i = RESPONSES.find("#" + code) if len(code) == 2 else -1
    if i < 0:
        return "D", "other"
    row = RESPONSES.rfind("\n", 0, i) + 1
    return RESPONSES[RESPONSES.find("|", i) + 1], RESPONSES[row + 1 : row + 3]


def approved(code: str) -> bool:
    """Whether F39 means that the money moves: 00, 10, 11, A2, A4, A5, A6."""
    return response(code)[0] == "A"


def entry_mode(pan: str, pin: bool) -> str:
    """F22: ``pan`` 01 manual, 02 stripe, 03 scan, 05 chip, 07 contactless; a PIN or none."""
    return pan + ("1" if pin else "2")


def security(pin: bool, track: bool = False, pan: bool = True, keys: str = "6") -> str:
    """F53, 16 digits: PIN block made with a PAN, encrypted track.

    ``keys``: 0 single length, 6 double length, 3 SM4 [M].
    """
    digit = "0" if not pin else "2" if pan else "1"
    return digit + keys + ("1" if track else "0") + "0" * 13


def field60(kind: str, batch: int, network: str, reader: str = "") -> str:
    """F60: 60.1 type, 60.2 batch (0..999999), 60.3 network code, then 60.4 onwards.

    ``reader`` is "" for management messages; "600" for contactless and "500" for a contact chip
    (60.4 capability, 60.5 IC condition, 60.6 partial authorisation), and 60.7 if sent.
    """
    if not 0 <= batch <= 999999:
        raise BadBytes("F60", 1, "batch out of range")
    return "{}{:06d}{}{}".format(kind, batch, network, reader)


def frame(tpdu, header, message) -> bytes:
    """Length (2 bytes, big-endian, without itself), TPDU (5), header (6) and message."""
    if len(tpdu) != _TPDU:
        raise BadBytes("TPDU", 2, "not 5 bytes")
    if len(header) != _HEADER:
        raise BadBytes("header", 7, "not 6 bytes")
    n = _TPDU + _HEADER + len(message)
    if not _SHORTEST <= n <= _LONGEST:
        raise BadBytes("frame", 0, "length {}".format(n))
    return bytes((n >> 8, n & 0xFF)) + tpdu + header + message


def body_length(head) -> int:
    """How many bytes follow the two length bytes ``head``; BadBytes for what no frame can be."""
    if len(head) < 2:
        raise BadBytes("frame", 0, "length cut off")
    n = head[0] << 8 | head[1]
    if not _SHORTEST <= n <= _LONGEST:
        raise BadBytes("frame", 0, "length {}".format(n))
    return n


def unframe(buf) -> tuple:
    """(TPDU, header, message) of a whole frame, as memoryviews of it.

    Raises BadBytes when the length is not that of the buffer, the TPDU is none, or a digit of
    the header is not decimal. The TPDU of an answer may be swapped and is not compared here.
    """
    n = body_length(buf)
    if n != len(buf) - 2:
        raise BadBytes("frame", 0, "length {}, {} bytes there".format(n, len(buf) - 2))
    view = memoryview(buf)
    if view[2] != 0x60:
        raise BadBytes("TPDU", 2, "identifier is not 60")
    header = view[2 + _TPDU : _PREFIX]
    for i in range(_HEADER):
        if header[i] > 0x99 or header[i] & 0x0F > 9:
            raise BadBytes("header", 2 + _TPDU + i, "not a decimal digit")
    return view[2 : 2 + _TPDU], header, view[_PREFIX:]


def action(header) -> int:
    """Digit P of a header, what the host wants done: 0 nothing, 3 sign in again, ...

    1 parameters, 2 status upload, 4 CAPK update, 5 AID update, 6 application download,
    7 BIN black list, 9 contactless parameters.
    """
    return header[2] & 0x0F
