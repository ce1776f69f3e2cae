"""What a kernel ends with: the outcome and its parameters (EMV Contactless Book A, 6.2)."""

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

# Message identifiers (EMV Contactless Book A, 9.4)
MSG_NOT_AUTHORISED = const(0x07)
MSG_INSERT_OR_SWIPE = const(0x18)
MSG_ONE_CARD_ONLY = const(0x19)
MSG_AUTHORISING = const(0x1B)
MSG_OTHER_CARD = const(0x1C)  # insert, swipe or try another card
MSG_SEE_PHONE = const(0x20)
MSG_PRESENT_AGAIN = const(0x21)


class Outcome:
    """How a card's part of a transaction ended; ``why`` is a short reason without card data.

    ``kind``, ``message`` and ``cvm`` are the constants of this module, ``start`` is where the
    entry point goes on: "B" (present the card again), "C" (next application) or "" (nowhere).
    ``tags`` maps tag numbers to values, card and terminal data together; ``aid`` is the ADF name.
    """

    def __init__(self, kind: int, message: int, why: str = "", start: str = "", cvm: int = NO_CVM):
        self.kind = kind
        self.message = message
        self.why = why
        self.start = start
        self.cvm = cvm
        self.tags = {}
        self.aid = b""


def declined(why: str) -> Outcome:
    """The transaction is declined without asking the host."""
    return Outcome(DECLINED, MSG_NOT_AUTHORISED, why)


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
