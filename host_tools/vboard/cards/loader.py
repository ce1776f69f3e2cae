"""Cards from YAML: ``host_tools/cards/*.yaml``, checked before anybody holds them to a reader.

A file has ``card`` (face and applications), ``faults`` and, for the acquiring host, ``account``.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from host_tools.vboard.cards.application import mask
from host_tools.vboard.cards.card import Card, Face, Fault
from host_tools.vboard.cards.fields import CardFileError, Fields, read_yaml
from host_tools.vboard.cards.personal import application
from host_tools.vboard.cards.script import ScriptCard, is_script, load_scripts

CARDS = Path(__file__).resolve().parents[2] / "cards"
_COMMANDS = (
    *("SELECT PPSE", "SELECT AID", "GPO", "READ RECORD", "GET DATA", "GENERATE AC"),
    *("GET RESPONSE", "EXTERNAL AUTHENTICATE", "PUT DATA", "APPLICATION BLOCK"),
    *("APPLICATION UNBLOCK", "CARD BLOCK", "PIN CHANGE"),
)
# What a card of type A says of itself unless its file does
_ATQA, _SAK = b"\x00\x44", b"\x20"  # 7-byte UID; ISO/IEC 14443-4
_ATS = bytes.fromhex("0A78807002004A434F50")


@dataclass(frozen=True, repr=False)
class Account:
    """What the acquiring host opens for a card. Amounts in fen, ``expiry`` YYMM."""

    pan: str
    psn: str
    expiry: str
    pin: str | None
    balance_fen: int
    status: str

    def __repr__(self) -> str:
        return f"<Account {mask(self.pan)} {self.status}>"


def card_names() -> list[str]:
    """The names ``load_card`` knows."""
    return sorted(path.stem for path in CARDS.glob("*.yaml") if path.stem != "issuers")


def load_card(name_or_path: str | Path) -> Card | ScriptCard:
    """A new card from a file of ``host_tools/cards`` or from a path; its counter starts at 0.

    The file may hold a script instead (``script.py``), but only one. Raises CardFileError, with a
    sentence that names file and entry, for anything that is wrong.
    """
    path = card_path(name_or_path)
    if is_script(read_yaml(path)):
        scripts = load_scripts(path)
        if len(scripts) > 1:
            raise CardFileError(f"{path.name}: {len(scripts)} scripts, and a card is one of them")
        return ScriptCard(scripts[0])
    path, document = _read(path)
    card = Fields(document.get("card"), path.name, "card")
    face = _face(card)
    think = _think(card)
    issuers = load_issuers()
    applications = [
        application(entry, path.name, f"application {at}", issuers)
        for at, entry in enumerate(card.take("applications", list), 1)
    ]
    chaining = card.number("chaining", 1, 255) if "chaining" in card.names() else None
    exact_le = card.take("exact_le", bool, False)
    card.done()
    faults = [
        _fault(Fields(entry, path.name, f"fault {at}"))
        for at, entry in enumerate(_list(document, path), 1)
    ]
    _account(document, path)
    return Card(path.stem, face, applications, faults, think, chaining, exact_le)


def load_account(name_or_path: str | Path) -> Account | None:
    """The ``account`` of a card file, or None when the test issuer has none for it."""
    path, document = _read(name_or_path)
    return _account(document, path)


def load_issuers(path: Path = CARDS / "issuers.yaml") -> dict[str, bytes]:
    """TEST issuer master keys by BIN (six digits). Raises CardFileError."""
    fields = Fields(_parse(path), path.name, "issuers")
    return {bin_: fields.hexes(bin_, 16) for bin_ in fields.names()}


def card_path(name_or_path: str | Path) -> Path:
    """The file of a card that is given by name or path. Raises CardFileError."""
    path = Path(name_or_path)
    if not path.suffix:
        path = CARDS / f"{name_or_path}.yaml"
    if not path.is_file():
        raise CardFileError(f"no card {name_or_path}; there are {', '.join(card_names())}")
    return path


def _read(name_or_path: str | Path) -> tuple[Path, dict[str, Any]]:
    path = card_path(name_or_path)
    document = _parse(path)
    unknown = set(document) - {"card", "faults", "account"}
    if unknown:
        raise CardFileError(f"{path.name}: {', '.join(sorted(map(str, unknown)))}: not known here")
    return path, document


def _parse(path: Path) -> dict[str, Any]:
    document = read_yaml(path)
    if not isinstance(document, dict):
        raise CardFileError(f"{path.name}: a mapping is expected")
    return document


def read_face(mapping: Any, file: str) -> Face:
    """What the antenna sees, from a mapping that has nothing else. Raises CardFileError."""
    card = Fields(mapping, file, "card")
    face = _face(card)
    card.done()
    return face


def _face(card: Fields) -> Face:
    technology = card.one_of("type", ("A", "B"))
    if technology == "B":
        atqb = card.hexes("atqb", 12)
        if atqb[0] != 0x50:
            raise card.wrong("atqb", "begins with 50")
        return Face("B", atqb=atqb, attrib_res=card.hexes("attrib_res"))
    uid, ats = card.hexes("uid"), card.hexes("ats", default=_ATS)
    if len(uid) not in (4, 7, 10):
        raise card.wrong("uid", "has 4, 7 or 10 bytes")
    if not ats or ats[0] != len(ats):
        raise card.wrong("ats", "begins with its own length")
    atqa, sak = card.hexes("atqa", 2, _ATQA), card.hexes("sak", 1, _SAK)
    return Face("A", uid, atqa, sak[0], ats)


def _think(card: Fields) -> dict[str, float]:
    think = card.take("think_ms", dict, {})
    for name, ms in think.items():
        if name not in _COMMANDS or type(ms) not in (int, float) or not 0 <= ms <= 60_000:
            raise card.wrong("think_ms", "maps a command to milliseconds up to 60000")
    return {name: float(ms) for name, ms in think.items()}


def _list(document: dict[str, Any], path: Path) -> list[Any]:
    faults = document.get("faults") or []
    if not isinstance(faults, list):
        raise CardFileError(f"{path.name}: faults is no list")
    return faults


def _fault(entry: Fields) -> Fault:
    command = entry.one_of("command", _COMMANDS)
    mute = entry.take("mute", bool, False)
    answer = None if mute else entry.hexes("answer")
    nth = entry.take("nth", int, None)
    entry.done()
    return Fault(command, answer, nth)


def _account(document: dict[str, Any], path: Path) -> Account | None:
    if document.get("account") is None:
        return None
    entry = Fields(document["account"], path.name, "account")
    account = Account(
        pan=entry.pan("pan"),
        psn=entry.digits("psn", 2),
        expiry=entry.digits("expiry", 4),
        pin=entry.take("pin", str, None),
        balance_fen=entry.number("balance_fen", 0, 10**12),
        status=entry.take("status", str, "active"),
    )
    entry.done()
    if account.pin is not None and not (account.pin.isdigit() and 4 <= len(account.pin) <= 12):
        raise entry.wrong("pin", "has 4 to 12 digits, in quotes")
    card = Fields(document.get("card"), path.name, "card")
    applications = [a for a in card.take("applications", list) if isinstance(a, dict)]
    if account.pan not in [a.get("pan") for a in applications]:
        raise entry.wrong("pan", "is that of an application of the card")
    return account
