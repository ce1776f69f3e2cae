"""What a kernel ends with, and what it asks for on the way (EMV Contactless Book A, 6.2, 9)."""

from micropython import const

APPROVED = const(1)  # offline, by card and terminal
DECLINED = const(2)  # without asking the host
ONLINE = const(3)  # the host decides
TRY_AGAIN = const(4)  # the same card must be presented again (Start B)
SELECT_NEXT = const(5)  # not this application, but perhaps the card's next one (Start C)
OTHER_INTERFACE = const(6)  # contactless is not for this transaction: insert or swipe
END = const(7)  # this card cannot be used here

NO_CVM = const(0)
SIGNATURE = const(1)
ONLINE_PIN = const(2)
CDCVM = const(3)

# How offline data authentication succeeded, if it did
NO_ODA = const(0)
SDA = const(1)
FDDA = const(2)
CDA = const(3)

# Message identifiers (EMV Contactless Book A, 9.4)
MSG_APPROVED = const(0x03)
MSG_NOT_AUTHORISED = const(0x07)
MSG_PRESENT = const(0x15)
MSG_CARD_READ = const(0x17)
MSG_INSERT_OR_SWIPE = const(0x18)
MSG_ONE_CARD_ONLY = const(0x19)
MSG_APPROVED_SIGN = const(0x1A)
MSG_AUTHORISING = const(0x1B)
MSG_OTHER_CARD = const(0x1C)  # insert, swipe or try another card
MSG_SEE_PHONE = const(0x20)
MSG_PRESENT_AGAIN = const(0x21)

# Status of a UI request (Book A, 9.1 and 9.2): which lights are on, and the tone
NOT_READY = const(0)
READY_TO_READ = const(1)
CARD_READ = const(2)
PROCESSING_ERROR = const(3)

# Where in a kernel an outcome was reached; titles are in host_tools/emv/clauses.py
STEP_SELECTION = const(0)  # entry point, final selection included
STEP_INITIATE = const(1)
STEP_READ = const(2)
STEP_COMPLETE = const(3)  # what was read is checked
STEP_RESTRICTIONS = const(4)
STEP_ODA = const(5)
STEP_CVM = const(6)
STEP_ACTION = const(7)  # terminal (and card) action analysis
STEP_CRYPTOGRAM = const(8)  # GENERATE AC


class Ui:
    """A UI request: ``message`` identifier, ``status``, how long the message stays at least."""

    def __init__(self, message: int, status: int, hold_ms: int = 0):
        self.message = message
        self.status = status
        self.hold_ms = hold_ms


class CaKey:
    """The wish for a CA public key: ``rid`` 5 bytes, ``index`` (8F); its record, see ``ca``."""

    def __init__(self, rid, index: int):
        self.rid = rid
        self.index = index


# The message that goes with each kind unless another is given
_MESSAGES = b"\x00\x03\x07\x1b\x21\x1c\x18\x1c"


class Outcome:
    """How a card's part of a transaction ended; ``why`` is a short reason without card data.

    ``kind``, ``message``, ``cvm``, ``oda`` and ``step`` are constants of this module, ``start`` is
    where the entry point goes on: "B" (present the card again), "C" (next application) or ""
    (nowhere). ``tags`` maps tag numbers to values, card and terminal data together; ``aid`` is the
    ADF name, ``kernel`` the kernel's number, ``hold_ms`` that of its last UI request.
    """

    def __init__(self, kind: int, why: str = "", message: int = 0, cvm: int = NO_CVM):
        self.kind = kind
        self.why = why
        self.message = message or _MESSAGES[kind]
        if kind == APPROVED and cvm == SIGNATURE:
            self.message = MSG_APPROVED_SIGN
        self.cvm = cvm
        self.start = "B" if kind == TRY_AGAIN else "C" if kind == SELECT_NEXT else ""
        self.oda = NO_ODA
        self.step = STEP_SELECTION
        self.kernel = 0
        self.tags = {}
        self.aid = b""
        self.hold_ms = 0
