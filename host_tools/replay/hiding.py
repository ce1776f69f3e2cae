"""What a trace must not hold in clear: card numbers, PINs, keys.

What a person types goes into a trace as it was, but for this: the number or PIN of a test card
becomes its name (``<pan unionpay_debit>``, ``<pin unionpay_debit>``), by which it is found again.
Other digits at a PIN, and other numbers as long as a card's, become their count (``<digits 6>``).
"""

import functools
import re
from collections.abc import Callable, Iterable
from typing import Any

from host_tools.vboard.cards.loader import CardFileError, card_names, load_account

LONG = 13  # so many digits may be a card number
_RUN = re.compile(r"[0-9]+")
_TYPED = re.compile(r"[0-9B]*[0-9]")  # digits, some of them taken back by the key B
_NAMED = re.compile(r"<(pan|pin|digits) (\w+)>")


class CannotUnhide(ValueError):
    """What was typed is not known any more; the sentence says why."""


@functools.cache
def _numbers() -> dict[str, str]:
    """Digits of the test cards -> how a trace writes them."""
    found: dict[str, str] = {}
    for name in card_names():
        account = load_account(name)
        if account is not None:
            found.setdefault(account.pan, f"<pan {name}>")
            if account.pin:
                found.setdefault(account.pin, f"<pin {name}>")
    return found


def hide(value: Any) -> Any:
    """A value of a step as a trace may hold it."""
    if isinstance(value, str):
        return _RUN.sub(lambda run: _numbers().get(run[0], run[0]), value)
    if isinstance(value, dict):
        return {name: hide(one) for name, one in value.items()}
    return [hide(one) for one in value] if isinstance(value, list) else value


def hide_keys(keys: str, at_pin: bool = False) -> str:
    """Keys as a trace may hold them. ``at_pin``: the terminal asks for a PIN."""
    return _TYPED.sub(lambda run: _hidden(run[0], at_pin), keys)


def _hidden(typed: str, at_pin: bool) -> str:
    before, number = _kept(typed)
    if number in _numbers():
        return before + _numbers()[number]
    if at_pin or len(number) >= LONG:
        return f"{before}<digits {len(number)}>"
    return typed


def _kept(typed: str) -> tuple[str, str]:
    """The keys B that take back what stood there before, and what is left of the digits."""
    before = kept = ""
    for key in typed:
        if key == "B" and not kept:
            before += key
        else:
            kept = kept[:-1] if key == "B" else kept + key
    return before, kept


def unhide(value: Any) -> Any:
    """What to type for what a trace holds. Raises CannotUnhide."""
    if isinstance(value, str):
        return _NAMED.sub(lambda named: _clear(named[1], named[2]), value)
    return [unhide(one) for one in value] if isinstance(value, list) else value


def _clear(kind: str, what: str) -> str:
    if kind == "digits":
        if not what.isdigit() or int(what) >= LONG:
            raise CannotUnhide("a card number that is no test card's was typed; it is not kept")
        return _no_pin(int(what))
    try:
        account = load_account(what)
    except CardFileError as error:
        raise CannotUnhide(str(error)) from None
    number = account and (account.pan if kind == "pan" else account.pin)
    if not number:
        raise CannotUnhide(f"{what} has no {kind.upper()}")
    return number


def _no_pin(size: int) -> str:
    """Digits that are no test card's PIN: what was typed instead of it was wrong then too."""
    return next(d * size for d in "0987" if d * size not in _numbers())


def scrubber(secrets: Iterable[tuple[str, re.Pattern[bytes]]]) -> Callable[[str], str]:
    """A function that takes ``secrets`` out of a text; their names stand there instead."""
    patterns = list(secrets)

    def scrub(text: str) -> str:
        raw = text.encode("utf-8", "surrogateescape")
        for name, pattern in patterns:
            raw = pattern.sub(f"<{name}>".encode(), raw)
        return raw.decode("utf-8", "replace")

    return scrub
