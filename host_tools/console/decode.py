"""What is traced, decoded as it comes: ISO 8583, APDUs, PN532 frames.

The terminal has put zeros in place of secrets before it told anything; what stands here in clear
was in clear on the line. Decoding is that of ``taptill decode``.
"""

from typing import Any

from host_tools.decode8583.reading import read
from host_tools.decode8583.show import lines as message_lines
from host_tools.decode8583.show import tree as message_tree
from host_tools.emv import decode as emv
from host_tools.emv.firmware import BadBytes

Record = dict[str, Any]

# PN532 user manual UM0701-02, chapter 7
_COMMANDS = {
    0x00: "Diagnose",
    0x02: "GetFirmwareVersion",
    0x04: "GetGeneralStatus",
    0x10: "SetSerialBaudRate",
    0x12: "SetParameters",
    0x14: "SAMConfiguration",
    0x16: "PowerDown",
    0x32: "RFConfiguration",
    0x40: "InDataExchange",
    0x44: "InDeselect",
    0x4A: "InListPassiveTarget",
    0x52: "InRelease",
    0x54: "InSelect",
}
_PDOL, _CDOL1 = 0x9F38, 0x8C


class Live:
    """Decodes events in their order: lists that a card gives explain the commands after them."""

    def __init__(self) -> None:
        self._lists: dict[int, list[tuple[int, int]]] = {}

    def lines(self, record: Record) -> list[str]:
        """An event in lines, the first one says what it is."""
        title, more, _ = self._read(record)
        arrow = "->" if record["out"] else "<-"
        return [f"{record['trace']} {arrow} {title}", *(f"  {line}" for line in more)]

    def tree(self, record: Record) -> Record:
        """The event with what it means, for programs."""
        title, _, decoded = self._read(record)
        return {**record, "title": title, "decoded": decoded}

    def _read(self, record: Record) -> tuple[str, list[str], Any]:
        try:
            data = bytes.fromhex(record["hex"])
            kind = {"8583": self._message, "apdu": self._apdu, "pn532": self._frame}
            title, lines, decoded = kind[record["trace"]](data, record["out"])
        except (BadBytes, ValueError, KeyError, IndexError) as error:
            title, lines, decoded = f"cannot be decoded: {error}", [record.get("hex", "")], None
        hidden = record.get("hidden", 0)
        return title, [*lines, f"{hidden} more bytes are not told"] if hidden else lines, decoded

    def _message(self, data: bytes, _: bool) -> tuple[str, list[str], Any]:
        found = read(data)
        lines = message_lines(found)
        if found.broken:
            lines.append(str(found.broken))
        return f"{found.mti} {found.title}", lines, message_tree(found)

    def _apdu(self, data: bytes, out: bool) -> tuple[str, list[str], Any]:
        if not out:
            shown = emv.any_answer(data)
            for top in shown.nodes:
                self._lists |= {node.tag: node.asks for node in top.walk() if node.asks}
            title = shown.facts[0][1] if shown.facts else shown.name
            return title, shown.lines()[1:], shown.tree()
        if data[1:2] == b"\xa4":
            self._lists.clear()
        asks = {0xA8: _PDOL, 0xAE: _CDOL1}.get(data[1]) if len(data) > 5 else None
        shown = emv.command(data, self._lists.get(asks) if asks else None)
        return shown.name, shown.lines()[1:], shown.tree()

    def _frame(self, data: bytes, out: bool) -> tuple[str, list[str], Any]:
        if out:
            extended = data[3:5] == b"\xff\xff"
            data = data[9 if extended else 6 :]
            data = data[:-2] if data[0] != 0x40 else data  # checksum and postamble
        code = data[0] if out else data[0] - 1
        name = _COMMANDS.get(code, f"command {code:02X}")
        body = data[1:].hex(" ").upper()
        return f"{name} {body}".rstrip(), [], {"name": name, "data": data[1:].hex().upper()}
