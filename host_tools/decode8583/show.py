"""A reading as lines for the eye, or as what json can write."""

from typing import Any

from host_tools.decode8583.reading import Field, Reading
from host_tools.emv import decode as emv

HIDDEN = "hidden: it would tell the card number (--clear shows it)"


def lines(found: Reading, clear: bool = False) -> list[str]:
    """The whole reading; what broke it is not in it."""
    out = []
    if found.size is not None:
        out.append(f"length: {found.size} bytes follow")
    if found.tpdu:
        t = found.tpdu
        out.append(f"TPDU: {t[:2]} to {t[2:6]} from {t[6:]}")
    if found.header:
        out.append("header: " + "".join(part.value for part in found.header))
        out += [f"  {part.name}: {_said(part.value, part.words)}" for part in found.header]
    if found.mti:
        out.append(f"MTI: {found.mti}, {found.title}")
    if found.bitmap:
        out.append(f"bitmap: {found.bitmap}")
    for one in found.fields:
        out += field_lines(one, clear)
    return out + mac_lines(found, clear)


def _said(value: str, words: str) -> str:
    """One line; what a terminal would take for a command becomes a question mark."""
    text = f"{value}, {words}" if words else value
    return "".join(c if c.isprintable() else "?" for c in text)


def field_lines(one: Field, clear: bool = False) -> list[str]:
    """One field and what is in it."""
    where = f", byte {one.offset}, {one.raw} long" if one.raw else ""
    shown = _said(one.value, one.words)
    out = [f"F{one.number} {one.name} ({one.format}{where}): {shown}"]
    out += [f"  {part.name}: {_said(part.value, part.words)}" for part in one.pieces]
    if one.remark:
        out.append(f"  {one.remark}")
    return out + emv.lines(one.nodes, clear, "  ")


def _steps(found: Reading, clear: bool) -> list[tuple[str, str]]:
    """The steps of the MAC. Blocks and their XOR give the card number away: the rest is known."""
    steps = found.mac
    if steps is None:
        return []
    open_ = clear or not found.has_pan
    out = [("blocks", f"{len(steps.blocks)} of {len(steps.folded)} bytes, the last zero filled")]
    if open_:
        out += [(f"block {at}", block.hex().upper()) for at, block in enumerate(steps.blocks, 1)]
    text = steps.text.decode()
    half = len(text) // 2
    out += [
        ("XOR of the blocks", steps.folded.hex().upper() if open_ else HIDDEN),
        ("its hex text", f"{text[:half]} {text[half:]}" if open_ else HIDDEN),
        ("first half encrypted", steps.first.hex().upper()),
        ("XOR with the second half", steps.joined.hex().upper() if open_ else HIDDEN),
        ("encrypted again", steps.second.hex().upper()),
        ("the first 8 characters", steps.mac.decode()),
        ("F64 received", steps.received.decode("latin-1")),
        ("verdict", "equal" if steps.equal else "NOT EQUAL"),
    ]
    return out


def mac_lines(found: Reading, clear: bool = False) -> list[str]:
    """The steps of the MAC, when there was a key for it."""
    steps = _steps(found, clear)
    return ["MAC:", *(f"  {name}: {value}" for name, value in steps)] if steps else []


def tree(found: Reading, clear: bool = False) -> dict[str, Any]:
    """The same as what json can write."""
    out: dict[str, Any] = {}
    if found.size is not None:
        out["length"] = found.size
    if found.tpdu:
        out["tpdu"] = found.tpdu
    if found.header:
        out["header"] = [_part(part.name, part.value, part.words) for part in found.header]
    out |= {"mti": found.mti, "kind": found.title, "bitmap": found.bitmap}
    out["fields"] = [_field(one, clear) for one in found.fields]
    if found.mac is not None:
        steps = {name.replace(" ", "_"): value for name, value in _steps(found, clear)}
        out["mac"] = steps | {"equal": found.mac.equal}
    if found.broken is not None:
        out["broken"] = vars(found.broken)
    return out


def _part(name: str, value: str, words: str) -> dict[str, str]:
    return {"name": name, "value": value} | ({"words": words} if words else {})


def _field(one: Field, clear: bool) -> dict[str, Any]:
    entry: dict[str, Any] = {"field": one.number, "name": one.name, "format": one.format}
    if one.raw:
        entry |= {"offset": one.offset, "size": one.raw}
    entry["value"] = one.value
    if one.words:
        entry["words"] = one.words
    if one.pieces:
        entry["parts"] = [_part(part.name, part.value, part.words) for part in one.pieces]
    if one.nodes:
        entry["data_objects"] = emv.tree(one.nodes, clear)
    if one.remark:
        entry["remark"] = one.remark
    return entry
