"""TLV, DOLs and APDUs as a tree, and that tree as lines or as JSON.

Reading is the firmware's own (pos.protocol.tlv): what it does not take is told as it tells it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from host_tools.emv import commands, tags, values
from host_tools.emv.firmware import BadBytes, tlv

_DEPTH = 6


@dataclass
class Node:
    """One data object. ``asks`` is what its value asks for, if it is a DOL."""

    tag: int
    value: bytes
    children: list["Node"] = field(default_factory=list)
    asks: list[tuple[int, int]] = field(default_factory=list)
    kernel: int | None = None
    remark: str = ""

    def name(self) -> str:
        """The name of its tag."""
        return tags.name(self.tag, self.kernel)

    def walk(self) -> Iterator["Node"]:
        """The node and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()


def read_tlv(data: bytes, kernel: int | None = None) -> list[Node]:
    """The data objects of ``data``, templates opened. Raises BadBytes."""
    return _level(data, 0, len(data), kernel, 0)


def _level(data: bytes, start: int, end: int, kernel: int | None, depth: int) -> list[Node]:
    if depth > _DEPTH:
        raise BadBytes("template", start, "nested too deep")
    nodes = []
    for tag, at, size in tlv.walk(data, start, end):
        node = Node(tag, bytes(data[at : at + size]), kernel=kernel)
        known = tags.look_up(tag, kernel)
        if tlv.constructed(tag):
            node.children = _level(data, at, at + size, kernel, depth + 1)
        elif known and known.format == "dol":
            try:
                node.asks = read_dol(node.value)
            except BadBytes as error:
                node.remark = f"no list of tags and lengths: {error}"
        elif tag == 0x80 and size >= 6 and not (size - 2) & 3:
            # format 1 of an answer to GPO: AIP and AFL (EMV Book 3, 6.5.8.4)
            node.children = [Node(0x82, node.value[:2]), Node(0x94, node.value[2:])]
        elif tag == 0x80 and size >= 11:
            # format 1 of an answer to GENERATE AC (EMV Book 3, 6.5.5.4)
            parts = (0x9F27, 0, 1), (0x9F36, 1, 3), (0x9F26, 3, 11), (0x9F10, 11, size)
            node.children = [Node(t, node.value[a:b], kernel=kernel) for t, a, b in parts if b > a]
        nodes.append(node)
    return nodes


def read_dol(data: bytes) -> list[tuple[int, int]]:
    """(tag, length) of each entry. Raises BadBytes."""
    return list(tlv.dol(data))


def filled(asks: list[tuple[int, int]], data: bytes, kernel: int | None = None) -> list[Node]:
    """The values that answer a DOL. Raises BadBytes when their lengths are not the DOL's."""
    nodes, at = [], 0
    for tag, size in asks:
        nodes.append(Node(tag, data[at : at + size], kernel=kernel))
        at += size
    if at != len(data):
        raise BadBytes("DOL data", 0, f"{len(data)} bytes, the list asks for {at}")
    return nodes


# -- as text -------------------------------------------------------------------


def tag_hex(tag: int) -> str:
    """A tag as it is written: 9F26, 95."""
    return f"{tag:02X}"


def lines(nodes: list[Node], clear: bool = False, indent: str = "") -> list[str]:
    """The tree, two spaces a level."""
    out = []
    for node in nodes:
        head = f"{indent}{tag_hex(node.tag)} {node.name()}"
        deeper = indent + "  "
        if node.children or tlv.constructed(node.tag):
            out.append(head)
            out += lines(node.children, clear, deeper)
            continue
        said = values.words(node.tag, node.value, node.kernel)
        text = values.hex_of(node.tag, node.value, clear) or "empty"
        if len(said) == 1 and not said[0].startswith("byte "):
            text, said = f"{text}, {said[0]}", []
        out.append(f"{head}: {text}")
        out += [deeper + line for line in [*said, *([node.remark] if node.remark else [])]]
        out += dol_lines(node.asks, node.kernel, deeper)
    return out


def dol_lines(
    asks: list[tuple[int, int]], kernel: int | None = None, indent: str = ""
) -> list[str]:
    """The entries of a DOL."""
    return [
        f"{indent}{tag_hex(tag)} {tags.name(tag, kernel)}, {_bytes(size)}" for tag, size in asks
    ]


def _bytes(count: int) -> str:
    return "1 byte" if count == 1 else f"{count} bytes"


# -- as JSON -------------------------------------------------------------------


def tree(nodes: list[Node], clear: bool = False) -> list[dict[str, Any]]:
    """The tree as what json can write."""
    found = []
    for node in nodes:
        entry: dict[str, Any] = {"tag": tag_hex(node.tag), "name": node.name()}
        entry["length"] = len(node.value)
        if node.children or tlv.constructed(node.tag):
            entry["children"] = tree(node.children, clear)
        else:
            entry["value"] = values.hex_of(node.tag, node.value, clear)
            said = values.words(node.tag, node.value, node.kernel)
            if said or node.remark:
                entry["words"] = [*said, *([node.remark] if node.remark else [])]
            if node.asks:
                entry["asks"] = dol_tree(node.asks, node.kernel)
        found.append(entry)
    return found


def dol_tree(asks: list[tuple[int, int]], kernel: int | None = None) -> list[dict[str, Any]]:
    """The entries of a DOL as what json can write."""
    return [
        {"tag": tag_hex(tag), "name": tags.name(tag, kernel), "length": size} for tag, size in asks
    ]


# -- APDUs ---------------------------------------------------------------------


@dataclass
class Shown:
    """An APDU taken apart: ``facts`` are (name, words), ``nodes`` its data, ``hex`` all of it."""

    name: str
    hex: str
    facts: list[tuple[str, str]]
    nodes: list[Node] = field(default_factory=list)
    remark: str = ""

    def lines(self, clear: bool = False, indent: str = "") -> list[str]:
        """Facts, then the data objects."""
        out = [f"{indent}{name}: {words}" for name, words in self.facts]
        if self.remark:
            out.append(f"{indent}{self.remark}")
        return out + lines(self.nodes, clear, indent)

    def tree(self, clear: bool = False) -> dict[str, Any]:
        """As what json can write."""
        entry: dict[str, Any] = {"name": self.name, "hex": self.hex}
        entry.update({name.lower().replace(" ", "_"): words for name, words in self.facts})
        if self.remark:
            entry["remark"] = self.remark
        if self.nodes:
            entry["data_objects"] = tree(self.nodes, clear)
        return entry


def command(
    capdu: bytes,
    asks: list[tuple[int, int]] | None = None,
    kernel: int | None = None,
    clear: bool = False,
) -> Shown:
    """A command; ``asks`` is the DOL that its data answers, if it is known. Raises BadBytes.

    A PIN is hidden always.
    """
    parts = commands.parse(capdu)
    shown = Shown(commands.name(parts), capdu.hex().upper(), commands.facts(parts))
    data = parts.data
    if shown.name == "GET PROCESSING OPTIONS":
        try:
            template = tlv.find(data, 0x83)
            data = bytes(template) if template is not None else b""
        except BadBytes as error:
            shown.remark, asks = f"data is no template 83: {error}", None
    if asks and data:
        try:
            shown.nodes = filled(asks, data, kernel)
        except BadBytes as error:
            shown.remark = str(error)
    shown.hex = masked_hex(capdu, shown.nodes, clear)
    if commands.hidden(parts):
        shown.hex = shown.hex[:10] + "*" * (2 * len(parts.data)) + shown.hex[10 + 2 * len(data) :]
    return shown


def answer(rapdu: bytes, kernel: int | None = None, clear: bool = False) -> Shown:
    """An answer. Raises BadBytes when it has no status word or its data is no TLV."""
    if len(rapdu) < 2:
        raise BadBytes("R-APDU", 0, f"{_bytes(len(rapdu))}, no status word")
    data, word = bytes(rapdu[:-2]), rapdu[-2] << 8 | rapdu[-1]
    nodes = read_tlv(data, kernel)
    text = masked_hex(data, nodes, clear) + f"{word:04X}"
    return Shown("answer", text, [("SW", f"{word:04X}, {commands.status(word)}")], nodes)


def any_answer(rapdu: bytes, kernel: int | None = None, clear: bool = False) -> Shown:
    """An answer, whatever the card has sent: what is wrong with it is a remark."""
    try:
        return answer(rapdu, kernel, clear)
    except BadBytes as error:
        remark = f"malformed: {error.what} at byte {error.offset}: {error.why}"
        return Shown("answer", raw_hex(rapdu, clear), [], [], remark)


def raw_hex(rapdu: bytes, clear: bool = False) -> str:
    """An answer that cannot be read: long runs of digits are hidden, the status word is not."""
    data, word = rapdu[:-2].hex().upper(), rapdu[-2:].hex().upper()
    return (data if clear else values.any_hex(data)) + word


def masked_hex(data: bytes, nodes: list[Node], clear: bool = False) -> str:
    """``data`` in hex; what its data objects hide is hidden."""
    text = data.hex().upper()
    found = [node for top in nodes for node in top.walk() if not node.children]
    # the longest first: a track begins with a card number
    for node in sorted(found, key=lambda node: -len(node.value)):
        plain, hidden = node.value.hex().upper(), values.hex_of(node.tag, node.value, clear)
        if plain != hidden:
            text = text.replace(plain, hidden)
    return text


def is_command(data: bytes) -> bool:
    """Whether this reads as a command that a terminal sends, rather than as an answer."""
    if not commands.begins(data):
        return False
    try:
        commands.parse(data)
    except BadBytes:
        return not commands.ends(data)
    return True
