"""APDUs (ISO 7816-4, EMV Book 1 and Book 3) and the ways in which a card link fails.

All commands are short APDUs, case 4 or case 2 with Le = 00, one is case 3.
"""

from pos.protocol.errors import BadBytes

# Name of the Proximity Payment System Environment (EMV Contactless Book B, 3.3.2)
PPSE = b"2PAY.SYS.DDF01"


class CardError(Exception):
    """Something between the terminal and the card went wrong."""


class CardLost(CardError):
    """The card left the field, or no longer answers."""


class Collision(CardError):
    """More than one card is in the field."""


class CardUnreadable(CardError):
    """The card answers, but not in the protocol."""


class ReaderFault(CardError):
    """The reader chip itself fails."""


def _case4(cla: int, ins: int, p1: int, p2: int, data) -> bytes:
    n = len(data)
    if not 0 < n <= 255:
        raise BadBytes("C-APDU", 4, "data of {} bytes".format(n))
    command = bytearray(n + 6)
    command[0] = cla
    command[1] = ins
    command[2] = p1
    command[3] = p2
    command[4] = n
    command[5 : 5 + n] = data
    return bytes(command)


def select(aid, first: bool = True) -> bytes:
    """SELECT by name (EMV Book 1, 11.3.2): the first, or the next application of that name."""
    return _case4(0x00, 0xA4, 0x04, 0x00 if first else 0x02, aid)


def gpo(data) -> bytes:
    """GET PROCESSING OPTIONS (EMV Book 3, 6.5.8).

    ``data`` holds the values the PDOL asks for, may be empty, and is put into template 83 here.
    """
    n = len(data)
    if n > 252:
        raise BadBytes("C-APDU", 5, "PDOL data of {} bytes".format(n))
    head = 3 if n > 127 else 2
    template = bytearray(head + n)
    template[0] = 0x83
    template[1] = 0x81  # that the length takes another byte, if it does
    template[head - 1] = n
    template[head:] = data
    return _case4(0x80, 0xA8, 0x00, 0x00, template)


def read_record(sfi: int, n: int) -> bytes:
    """READ RECORD number ``n`` (1..255) of file ``sfi`` (1..30) (EMV Book 3, 6.5.11)."""
    if not 1 <= sfi <= 30 or not 1 <= n <= 255:
        raise BadBytes("C-APDU", 2, "no such record")
    return bytes((0x00, 0xB2, n, sfi << 3 | 4, 0x00))


def generate_ac(p1: int, data) -> bytes:
    """GENERATE AC (EMV Book 3, 6.5.5); ``p1``: 00 AAC, 40 TC, 80 ARQC, +10 with CDA."""
    return _case4(0x80, 0xAE, p1, 0x00, data)


def external_authenticate(data) -> bytes:
    """EXTERNAL AUTHENTICATE (EMV Book 3, 6.5.4) with the issuer's 91; it has no Le."""
    return _case4(0x00, 0x82, 0x00, 0x00, data)[:-1]


def sw(rapdu) -> int:
    """SW1 SW2 of a response, 0x9000 for success. BadBytes when there is no status word."""
    n = len(rapdu)
    if n < 2:
        raise BadBytes("R-APDU", 0, "{} bytes, no status word".format(n))
    return rapdu[n - 2] << 8 | rapdu[n - 1]


def body(rapdu) -> memoryview:
    """The data of a response without its status word, not copied. BadBytes as in `sw`."""
    n = len(rapdu)
    if n < 2:
        raise BadBytes("R-APDU", 0, "{} bytes, no status word".format(n))
    return memoryview(rapdu)[: n - 2]
