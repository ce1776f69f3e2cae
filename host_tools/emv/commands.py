"""Commands and status words by name (ISO/IEC 7816-4; EMV Book 1, 11; EMV Book 3, 6.5; C-2, 5)."""

from dataclasses import dataclass

from host_tools.emv.firmware import BadBytes

PPSE = b"2PAY.SYS.DDF01"

_NAMES = {
    (0x00, 0xA4): "SELECT",
    (0x80, 0xA8): "GET PROCESSING OPTIONS",
    (0x00, 0xB2): "READ RECORD",
    (0x80, 0xAE): "GENERATE AC",
    (0x80, 0xCA): "GET DATA",
    (0x80, 0x2A): "COMPUTE CRYPTOGRAPHIC CHECKSUM",
    (0x80, 0xEA): "EXCHANGE RELAY RESISTANCE DATA",
    (0x80, 0xD0): "RECOVER AC",
    (0x80, 0xDA): "PUT DATA",
    (0x00, 0x82): "EXTERNAL AUTHENTICATE",
    (0x00, 0x84): "GET CHALLENGE",
    (0x00, 0x88): "INTERNAL AUTHENTICATE",
    (0x00, 0x20): "VERIFY",
    (0x00, 0xC0): "GET RESPONSE",
    (0x84, 0x1E): "APPLICATION BLOCK",
    (0x84, 0x18): "APPLICATION UNBLOCK",
    (0x84, 0x16): "CARD BLOCK",
    (0x84, 0x24): "PIN CHANGE/UNBLOCK",
}
_STATUS = {
    0x9000: "done",
    0x6200: "warning",
    0x6283: "selected file invalidated: the application is blocked",
    0x6300: "authentication failed",
    0x6400: "execution error",
    0x6581: "memory failure",
    0x6700: "wrong length",
    0x6882: "secure messaging not supported",
    0x6982: "security status not satisfied",
    0x6983: "authentication method blocked",
    0x6984: "referenced data invalidated: use another interface",
    0x6985: "conditions of use not satisfied",
    0x6986: "command not allowed: the cardholder has to do something first",
    0x6987: "secure messaging object missing",
    0x6988: "secure messaging object wrong",
    0x6A80: "wrong parameters in the data",
    0x6A81: "function not supported: the card is blocked, or the command is unknown",
    0x6A82: "file or application not found",
    0x6A83: "record not found",
    0x6A84: "not enough memory",
    0x6A86: "wrong P1 P2",
    0x6A88: "referenced data not found",
    0x6B00: "wrong P1 P2",
    0x6D00: "instruction not supported",
    0x6E00: "class not supported",
    0x6F00: "no precise diagnosis",
}
_WITH_PIN = (0x20, 0x24)
_CRYPTOGRAMS = ("AAC", "TC", "ARQC", "reserved")


@dataclass(frozen=True)
class Parts:
    """A short command APDU; ``le`` is None without an Le byte, 256 for Le = 00."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes
    le: int | None


def parse(capdu: bytes) -> Parts:
    """Take a command apart, cases 1 to 4 (ISO/IEC 7816-4, 5.1). Raises BadBytes."""
    if len(capdu) < 4:
        raise BadBytes("C-APDU", len(capdu), "cut off, the header has 4 bytes")
    (cla, ins, p1, p2), body = capdu[:4], bytes(capdu[4:])
    if len(body) < 2:
        return Parts(cla, ins, p1, p2, b"", (body[0] or 256) if body else None)
    if body[0] == 0:
        raise BadBytes("Lc", 4, "00, an extended length, which EMV has not")
    if len(body) not in (body[0] + 1, body[0] + 2):
        raise BadBytes("Lc", 4, f"{body[0]} bytes of data said, {len(body) - 1} there")
    le = (body[-1] or 256) if len(body) == body[0] + 2 else None
    return Parts(cla, ins, p1, p2, body[1 : body[0] + 1], le)


def begins(data: bytes) -> bool:
    """Whether the first two bytes are those of a command that EMV has."""
    return tuple(data[:2]) in _NAMES


def ends(data: bytes) -> bool:
    """Whether the last two bytes are a status word that is known here."""
    word = int.from_bytes(data[-2:], "big")
    return len(data) > 1 and (word in _STATUS or word >> 8 in (0x61, 0x6C))


def name(parts: Parts) -> str:
    """What a command is called."""
    return _NAMES.get((parts.cla, parts.ins), f"command {parts.cla:02X}{parts.ins:02X}")


def facts(parts: Parts) -> list[tuple[str, str]]:
    """(field, words) of a command: what CLA and INS, P1 and P2, the data and Le say."""
    rows = [("CLA INS", f"{parts.cla:02X} {parts.ins:02X}, {name(parts)}")]
    said = _parameters(parts)
    rows.append(("P1 P2", f"{parts.p1:02X} {parts.p2:02X}" + (f", {said}" if said else "")))
    if parts.data:
        text = hidden(parts) or parts.data.hex().upper()
        if parts.ins == 0xA4:
            text += f', "{parts.data.decode()}"' if parts.data == PPSE else ", an AID"
        rows.append(("Data", text))
    le = "none" if parts.le is None else "00, all there is" if parts.le == 256 else f"{parts.le}"
    rows.append(("Le", le))
    return rows


def hidden(parts: Parts) -> str:
    """What stands for data that nobody may see, a PIN; empty for all other commands."""
    return f"{len(parts.data)} bytes, hidden" if parts.ins in _WITH_PIN and parts.data else ""


def _parameters(parts: Parts) -> str:
    if parts.ins == 0xA4:
        by = "by name" if parts.p1 == 4 else ""
        return ", ".join(filter(None, (by, {0: "the first", 2: "the next"}.get(parts.p2, ""))))
    if parts.ins == 0xB2:
        return f"record {parts.p1} of file {parts.p2 >> 3}"
    if parts.ins == 0xAE:
        cda = ", with CDA" if parts.p1 & 0x10 else ""
        return f"wants {_CRYPTOGRAMS[parts.p1 >> 6]}{cda}"
    if parts.ins in (0xCA, 0xDA):
        from host_tools.emv import tags

        tag = parts.p1 << 8 | parts.p2
        return tags.name(tag if parts.p1 else parts.p2)
    return ""


def status(word: int) -> str:
    """A status word in words."""
    if word >> 8 == 0x61:
        return f"{word & 0xFF or 256} more bytes to fetch"
    if word >> 8 == 0x6C:
        return f"wrong Le, {word & 0xFF or 256} is right"
    if word & 0xFFF0 == 0x63C0:
        return f"{word & 15} tries left"
    return _STATUS.get(word, "not known here")
