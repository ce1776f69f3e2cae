"""Applications from the entries of a card file: defaults, keys, records, certificates."""

import functools
from pathlib import Path
from typing import Any

from host_tools import yaml_text
from host_tools.vboard.cards import ber, cryptogram, issuing, oda
from host_tools.vboard.cards.application import Application
from host_tools.vboard.cards.fields import Fields
from host_tools.vboard.cards.mchip import MChip
from host_tools.vboard.cards.quick import Quick

KINDS = ("qpboc", "qvsdc", "mchip")
_DEFAULTS = Path(__file__).with_name("defaults.yaml")
_CRYPTOGRAM_NEEDS = cryptogram.DATA_TAGS[:8]
_MAX_RECORD = 256
_CDA, _EMV_MODE = 0x01, 0x80  # AIP: byte 1, byte 2
_MAX_FEN = 10**12 - 1


@functools.cache
def _defaults() -> dict[str, Any]:
    return yaml_text.load(_DEFAULTS.read_text(encoding="utf-8"))


def application(mapping: Any, file: str, where: str, issuers: dict[str, bytes]) -> Application:
    """One application. ``issuers`` are the master keys by BIN. Raises CardFileError."""
    kind = Fields(mapping, file, where).one_of("kind", KINDS, KINDS[0])
    entry = Fields({**_defaults()[kind], **mapping}, file, where)
    entry.take("kind", str, kind)
    common = _common(entry, kind, issuers)
    if kind == "mchip":
        made: Application = MChip(**common)
    else:
        made = Quick(
            **common,
            kind=kind,
            ctq=entry.hexes("ctq", 2),
            cvm=entry.one_of("cvm", ("always", "asked"), "always"),
            cdcvm=entry.one_of("cdcvm", ("none", "done", "after_first_tap"), "none"),
        )
    _records(entry, made)
    if isinstance(made, MChip):
        made.cdol = _cdol(entry, made)
    _certificates(entry, made)
    entry.done()
    return made


def _common(entry: Fields, kind: str, issuers: dict[str, bytes]) -> dict[str, Any]:
    pan = entry.pan("pan")
    psn = entry.digits("psn", 2)
    imk = issuers.get(pan[:6])
    if imk is None:
        raise entry.wrong("pan", f"has BIN {pan[:6]}, for which issuers.yaml has no key")
    aid = entry.hexes("aid")
    if not 5 <= len(aid) <= 16:
        raise entry.wrong("aid", "has 5 to 16 bytes")
    cvn = entry.number("cvn", 0, 255)
    if cvn not in cryptogram.VERSIONS[kind]:
        known = ", ".join(map(str, cryptogram.VERSIONS[kind]))
        raise entry.wrong("cvn", f"is one of {known} for {kind}")
    return {
        "aid": aid,
        "label": entry.take("label", str),
        "pan": pan,
        "psn": psn,
        "expiry": entry.digits("expiry", 4),
        "service_code": entry.digits("service_code", 3),
        "key": cryptogram.icc_key(imk, pan, psn),
        "cryptogram": cryptogram.maker(kind, cvn, imk, pan, psn),
        "issuer": issuing.issuer(kind, cvn, imk, pan, psn),
        "pdol": _pdol(entry, kind),
        "aip": entry.hexes("aip", 2),
        "priority": entry.number("priority", 0, 15, 1),
        "kernel": entry.hexes("kernel", default=b""),
        "discretionary": _discretionary(entry),
        "decision": entry.one_of("decision", ("online", "offline", "decline"), "online"),
        "offline_limit": entry.number("offline_limit", 0, _MAX_FEN, 0),
        "dki": entry.number("dki", 0, 255, 1),
        "cvn": cvn,
        "gpo_format": entry.number("gpo_format", 1, 2, 2),
        "blocked": entry.take("blocked", bool, False),
        "leave_out": _leave_out(entry),
        "fci": entry.tags("fci", {}, {}),
        "data": _data(entry),
    }


def _discretionary(entry: Fields) -> str:
    digits = entry.take("discretionary", str, "00000")
    if digits and not (digits.isascii() and digits.isdigit() and len(digits) <= 13):
        raise entry.wrong("discretionary", "has at most 13 digits")
    return digits


def _leave_out(entry: Fields) -> frozenset[str]:
    tags = entry.take("leave_out", list, [])
    if not all(isinstance(tag, str) for tag in tags):
        raise entry.wrong("leave_out", "lists tags in quotes")
    return frozenset(tag.upper() for tag in tags)


def _data(entry: Fields) -> dict[str, bytes]:
    """What GET DATA gives; balances of electronic cash are amounts, the card reckons in them."""
    data = entry.tags("data", {}, {})
    for tag in ("9F79", "9F5D"):
        if tag in data and not (len(data[tag]) == 6 and data[tag].hex().isdigit()):
            raise entry.wrong(f"data {tag}", "is an amount of 12 digits")
    return data


def _dol(entry: Fields, name: str, dol: bytes, needs: tuple[str, ...]) -> bytes:
    try:
        asked = {tag for tag, _ in ber.dol(dol)}
    except ValueError as error:
        raise entry.wrong(name, f"is a list of tags and lengths: {error}") from None
    missing = [tag for tag in needs if tag not in asked]
    if missing:
        raise entry.wrong(name, f"asks for {', '.join(missing)} too")
    return dol


def _pdol(entry: Fields, kind: str) -> bytes:
    needs = () if kind == "mchip" else ("9F66", *_CRYPTOGRAM_NEEDS)
    return _dol(entry, "pdol", entry.hexes("pdol"), needs)


def _cdol(entry: Fields, made: MChip) -> bytes:
    """CDOL1 is in one of the records; a card without EMV mode needs none."""
    cdol = next((tags["8C"] for tags in made.records.values() if "8C" in tags), b"")
    if not made.aip[1] & _EMV_MODE:
        return cdol
    return _dol(entry, "records 8C", cdol, _CRYPTOGRAM_NEEDS)


def _records(entry: Fields, made: Application) -> None:
    words = {
        "$pan": bytes.fromhex(made.pan + "F" * (len(made.pan) % 2)),
        "$psn": bytes.fromhex(made.psn),
        "$expiry": _last_day(entry, made.expiry),
        "$track2": made.track2(),
        "$service": bytes.fromhex(f"0{made.service_code}"),
    }
    others = entry.tags("tags", words, {})
    for at, item in enumerate(entry.take("records", list), 1):
        record = Fields(item, entry.file, f"{entry.where}, record entry {at}")
        place = record.number("sfi", 1, 30), record.number("record", 1, 254)
        if record.take("signed", bool, False):
            made.signed.add(place)
        tags = record.tags("tags", words)
        tags = {tag: others.pop(tag, value) for tag, value in tags.items()}
        made.records[place] = made.told(tags)
        if len(ber.tlv("70", ber.tlvs(tags))) > _MAX_RECORD:
            raise record.wrong("tags", f"fit {_MAX_RECORD} bytes")
        record.done()
    if others:
        raise entry.wrong(f"tags {min(others)}", "is in one of the records")


def _last_day(entry: Fields, expiry: str) -> bytes:
    year, month = int(expiry[:2]), int(expiry[2:])
    if not 1 <= month <= 12:
        raise entry.wrong("expiry", "is YYMM")
    day = 31 - (month in (4, 6, 9, 11)) if month != 2 else 29 - (year % 4 != 0)
    return bytes.fromhex(f"{expiry}{day}")


def _certificates(entry: Fields, made: Application) -> None:
    """``oda`` brings keys and certificates, and the records that hold them."""
    if "oda" in entry.names():
        what = Fields(entry.take("oda", dict), entry.file, f"{entry.where}, oda")
    else:
        if made.decision == "offline" and isinstance(made, Quick):
            raise entry.wrong("decision", "is offline only with oda: nobody believes it otherwise")
        return
    taken = {sfi for sfi, _ in made.records} & {oda.SFI, oda.DYNAMIC[0]}
    if taken:
        raise entry.wrong("records", f"leave SFI {oda.SFI} and {oda.DYNAMIC[0]} to oda")
    if isinstance(made, MChip) and not made.aip[0] & _CDA:
        raise entry.wrong("aip", "says CDA (01 in byte 1) when there is oda")
    key = what.take("icc_key", str)
    forged = what.take("forged", bool, False)
    in_gpo = what.one_of("sdad", ("gpo", "record"), "record") == "gpo"
    what.done()
    try:
        made.oda = oda.personalise(
            *(key, made.aid[:5], made.pan, made.static_data()), forged=forged, in_gpo=in_gpo
        )
    except KeyError as error:
        raise entry.wrong("oda", f"wants {error.args[0]}, which test_keys.yaml has not") from None
