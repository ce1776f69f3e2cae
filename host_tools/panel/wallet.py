"""The wallet of the page: every card of ``host_tools/cards``, its number masked."""

import re
from typing import Any

from host_tools.emv.play import described
from host_tools.vboard.cards.application import mask
from host_tools.vboard.cards.fields import read_yaml
from host_tools.vboard.cards.loader import card_path, load_account, load_card
from host_tools.vboard.cards.script import ScriptCard

_SCHEMES = {
    "A000000333": "UnionPay",
    "A000000003": "Visa",
    "A000000004": "Mastercard",
}


def wallet() -> list[dict[str, Any]]:
    """What the page shows of each card: ``name, scheme, number, kind, about, pin``.

    ``kind`` is "phone", "card" or "odd", one that no sale is to be made with. ``pin`` is the one
    to type, of the TEST account; None where there is no account. Raises CardFileError.
    """
    return [_entry(name, about) for name, about in described()]


def _entry(name: str, about: str) -> dict[str, Any]:
    card, account = load_card(name), None
    if not isinstance(card, ScriptCard):
        account = load_account(name)
    scheme, number = "", ""
    for application in getattr(card, "applications", ()):
        scheme = _SCHEMES.get(application.aid[:5].hex().upper(), "")
        number = re.sub(r"(.{4})(?=.)", r"\1 ", mask(application.pan))
    return {
        "name": name,
        "scheme": scheme,
        "number": number,
        "kind": _kind(name, account is not None),
        "about": about,
        "pin": account.pin if account else None,
    }


def _kind(name: str, has_account: bool) -> str:
    document = read_yaml(card_path(name))
    card = document.get("card", {}) if isinstance(document, dict) else {}
    if any("cdcvm" in application for application in card.get("applications", ())):
        return "phone"
    return "card" if has_account and not document.get("faults") else "odd"
