"""The terminal master key comes in two components, each known to one person alone.

Nothing here is echoed, kept in a file, or taken from the command line. What people compare are
check values: the first 3 bytes of a block of zeros under the component (or key), by triple DES.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field

from host_tools.acquirer.security import kcv

_DIGITS = 32
_SHOWN = 6  # hexadecimal digits of a check value
_TRIES = 3
# Weak and semi-weak keys of DES (NIST SP 800-67, 3.3.2), without parity bits
_WEAK = frozenset(
    bytes(b & 0xFE for b in bytes.fromhex(text))
    for text in (
        *("0101010101010101", "FEFEFEFEFEFEFEFE", "E0E0E0E0F1F1F1F1", "1F1F1F1F0E0E0E0E"),
        *("011F011F010E010E", "1F011F010E010E01", "01E001E001F101F1", "E001E001F101F101"),
        *("01FE01FE01FE01FE", "FE01FE01FE01FE01", "1FE01FE00EF10EF1", "E01FE01FF10EF10E"),
        *("1FFE1FFE0EFE0EFE", "FE1FFE1FFE0EFE0E", "E0FEE0FEF1FEF1FE", "FEE0FEE0FEF1FEF1"),
    )
)


class WeakKey(ValueError):
    """A component or key that must not be loaded; the text says why, without its digits."""


@dataclass(frozen=True)
class Components:
    """Both components in hexadecimal, and what may be shown of them: check values."""

    first: str = field(repr=False)
    second: str = field(repr=False)

    @property
    def checks(self) -> tuple[str, str, str]:
        """Check values of the first, the second and the whole."""
        whole = combine(self.first, self.second)
        return check_value(self.first), check_value(self.second), check_value(whole.hex())


def check_value(component: str) -> str:
    """What people compare, six hexadecimal digits."""
    return kcv(bytes.fromhex(component)).hex().upper()[:_SHOWN]


def component(text: str) -> str:
    """A component as it was typed, blanks allowed, as 32 digits. Raises WeakKey."""
    digits = "".join(text.split()).upper()
    if len(digits) != _DIGITS or any(c not in "0123456789ABCDEF" for c in digits):
        raise WeakKey(f"a component has {_DIGITS} hexadecimal digits")
    if len(set(bytes.fromhex(digits))) == 1:
        raise WeakKey("a component of one byte over and over hides nothing")
    return digits


def combine(first: str, second: str) -> bytes:
    """The XOR of both. Raises WeakKey for a key that is none or protects little."""
    key = bytes(a ^ b for a, b in zip(bytes.fromhex(first), bytes.fromhex(second), strict=True))
    if not any(key):
        raise WeakKey("both components are the same: their key is all zeros")
    if key[:8] == key[8:]:
        raise WeakKey("both halves of the key are the same: that is single DES")
    if any(bytes(b & 0xFE for b in half) in _WEAK for half in (key[:8], key[8:])):
        raise WeakKey("a half of the key is a weak key of DES")
    return key


def typed(
    ask: Callable[[str], str], agree: Callable[[str], bool], say: Callable[[str], None]
) -> Components:
    """Two people, one after the other: ``ask`` hides what is typed, ``agree`` asks yes or no.

    Each compares the check value with that on paper. Raises WeakKey after three wrong tries.
    """
    first = _one(1, ask, agree, say)
    say("The first key holder leaves the keyboard; the second one comes.")
    second = _one(2, ask, agree, say)
    both = Components(first, second)
    say(f"Check value of the whole key: {both.checks[2]}")
    if not agree("Is this the check value that was agreed on?"):
        raise WeakKey("the check value of the whole key is another one: nothing was loaded")
    return both


def _one(number, ask, agree, say) -> str:
    for _ in range(_TRIES):
        try:
            found = component(ask(f"Key holder {number}: component {number} of the TMK"))
        except WeakKey as error:
            say(f"{str(error).capitalize()}.")
            continue
        say(f"Check value of component {number}: {check_value(found)}")
        if agree("Is it the one on your sheet?"):
            return found
    raise WeakKey(f"component {number} was not typed right in {_TRIES} tries")


def from_descriptor(number: int) -> tuple[str, Components]:
    """Wi-Fi key and both components, three lines of an open file. Raises WeakKey, OSError."""
    with os.fdopen(os.dup(number), encoding="utf-8") as file:
        lines = file.read().splitlines()
    if len(lines) != 3:
        raise WeakKey("three lines are wanted: Wi-Fi key, component 1, component 2 of the TMK")
    both = Components(component(lines[1]), component(lines[2]))
    combine(both.first, both.second)
    return lines[0], both
