"""One command and its whole answer, whatever the card wants to have asked how."""

from micropython import const

from pos.protocol import apdu
from pos.protocol.errors import BadBytes

_ROUNDS = const(8)  # a card that still has more to say then is not heard out


def command(capdu):
    """Yield APDUs, return (data, SW): 6Cxx is asked again with that Le, 61xx is fetched.

    EMV Book 1, 9.2.2.3.1: GET RESPONSE and the resend are of T=0 and not expected from a
    contactless card, but they do no harm. The data is valid until the next command.
    """
    gathered = b""
    for _ in range(_ROUNDS):
        rapdu = yield capdu
        sw = apdu.sw(rapdu)
        if sw >> 8 == 0x6C:
            capdu = bytes(capdu[:-1]) + bytes((sw & 0xFF,))
        elif sw >> 8 == 0x61:
            gathered += apdu.body(rapdu)
            capdu = bytes((0x00, 0xC0, 0x00, 0x00, sw & 0xFF))
        elif gathered:
            return gathered + apdu.body(rapdu), sw
        else:
            return apdu.body(rapdu), sw
    raise BadBytes("R-APDU", 0, "no end after {} rounds".format(_ROUNDS))
