"""BER-TLV as a card writes it (ISO/IEC 7816-4 clause 5.2.2), and reading a DOL."""


def tlv(tag: str, value: bytes) -> bytes:
    """One data object; ``tag`` in hex, lengths up to 65535."""
    size = len(value)
    if size < 0x80:
        length = bytes([size])
    elif size < 0x100:
        length = bytes([0x81, size])
    else:
        length = bytes([0x82, *divmod(size, 256)])
    return bytes.fromhex(tag) + length + value


def tlvs(objects: dict[str, bytes]) -> bytes:
    """The data objects one after the other."""
    return b"".join(tlv(tag, value) for tag, value in objects.items())


def read_tag(data: bytes, at: int) -> tuple[str, int]:
    """The tag at ``at`` in hex, and the offset behind it. Raises ValueError when data ends."""
    end = at + 1
    if at < len(data) and data[at] & 0x1F == 0x1F:
        while end < len(data) and data[end] & 0x80:
            end += 1
        end += 1
    if end > len(data):
        raise ValueError(f"tag at {at} runs past the end")
    return data[at:end].hex().upper(), end


def dol(data: bytes) -> list[tuple[str, int]]:
    """Tags and lengths of a data object list. Raises ValueError when it ends within an entry."""
    entries, at = [], 0
    while at < len(data):
        tag, at = read_tag(data, at)
        if at >= len(data):
            raise ValueError(f"no length behind tag {tag}")
        entries.append((tag, data[at]))
        at += 1
    return entries


def dol_values(data: bytes, values: bytes) -> dict[str, bytes]:
    """What a data object list that reads ``data`` was answered with: tag -> value."""
    found, at = {}, 0
    for tag, length in dol(data):
        found[tag] = values[at : at + length]
        at += length
    return found
