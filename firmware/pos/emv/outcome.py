"""What a kernel ends with, and what it asks for on the way (EMV Contactless Book A, 6.2, 9)."""

from micropython import const

APPROVED = const(1)
DECLINED = const(2)
ONLINE = const(3)
TRY_AGAIN = const(4)
SELECT_NEXT = const(5)
OTHER_INTERFACE = const(6)
END = const(7)

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


class Outcome:
    """How a card's part of a transaction ended; ``why`` is a short reason without card data.

    ``kind``, ``message``, ``cvm``, ``oda`` and ``step`` are constants of this module, ``start`` is
    where the entry point goes on: "B" (present the card again), "C" (next application) or ""
    (nowhere). ``tags`` maps tag numbers to values, card and terminal data together; ``aid`` is the
    ADF name, ``kernel`` the kernel's number.
    """

    def __init__(self, kind: int, message: int, why: str = "", start: str = "", cvm: int = NO_CVM):
        self.kind = kind
        self.message = message
        self.why = why
        self.start = start
        self.cvm = cvm
        self.oda = NO_ODA
        self.step = STEP_SELECTION
        self.kernel = 0
        self.tags = {}
        self.aid = b""


def approved(cvm: int) -> Outcome:
    """The card has approved offline, and the terminal agrees."""
    message = MSG_APPROVED_SIGN if cvm == SIGNATURE else MSG_APPROVED
    return Outcome(APPROVED, message, "", "", cvm)


def online(cvm: int, why: str = "") -> Outcome:
    """The host decides."""
    return Outcome(ONLINE, MSG_AUTHORISING, why, "", cvm)


def declined(why: str, message: int = MSG_NOT_AUTHORISED) -> Outcome:
    """The transaction is declined without asking the host."""
    return Outcome(DECLINED, message, why)


def end(why: str) -> Outcome:
    """This card cannot be used here: end the application."""
    return Outcome(END, MSG_OTHER_CARD, why)


def try_again(why: str, message: int = MSG_PRESENT_AGAIN) -> Outcome:
    """The same card must be presented again (Start B)."""
    return Outcome(TRY_AGAIN, message, why, "B")


def select_next(why: str) -> Outcome:
    """This application cannot be used, the card's next one might (Start C)."""
    return Outcome(SELECT_NEXT, MSG_OTHER_CARD, why, "C")


def other_interface(why: str) -> Outcome:
    """Contactless is not for this transaction: insert or swipe."""
    return Outcome(OTHER_INTERFACE, MSG_INSERT_OR_SWIPE, why)
