"""Packed decimal digits, two in a byte, and the packed tracks of a magnetic stripe."""

from binascii import hexlify, unhexlify

from pos.protocol.errors import BadBytes


def _nibbles(text: str, left: bool, pad: str) -> bytes:
    if len(text) & 1:
        text = text + pad if left else pad + text
    return unhexlify(text)


def _text(buf, count, left: bool) -> str:
    """The nibbles of ``buf`` as hex digits, without the pad nibble when ``count`` is odd."""
    text = hexlify(buf).decode()
    n = len(text)
    if count is None or count == n:
        return text
    if (count + 1) & ~1 != n:
        raise BadBytes("BCD", 0, "{} bytes for {} digits".format(n >> 1, count))
    return text[:-1] if left else text[1:]


def pack(digits: str, left: bool = False, pad: str = "0") -> bytes:
    """Digits to BCD; an odd count is right aligned behind ``pad``, or before it when ``left``.

    Raises BadBytes when a character is not a decimal digit.
    """
    if digits and not digits.isdigit():
        raise BadBytes("BCD", 0, "not a decimal digit")
    try:
        return _nibbles(digits, left, pad)
    except ValueError:  # digits of another script
        raise BadBytes("BCD", 0, "not a decimal digit")


def unpack(buf, count: int | None = None, left: bool = False) -> str:
    """BCD to ``count`` digits (all when None); the pad nibble of an odd count may be anything.

    Raises BadBytes when the size does not fit, or at the byte whose nibble is no decimal digit.
    """
    text = _text(buf, count, left)
    if text and not text.isdigit():
        skipped = 0 if left or count is None else count & 1
        for i, c in enumerate(text):
            if not c.isdigit():
                raise BadBytes("BCD", (i + skipped) >> 1, "not a decimal digit")
    return text


def pack_track(track: str) -> bytes:
    """A track to nibbles, left aligned, padded with 0: digits, ``=`` as D; also A..F.

    An encrypted track holds any nibble. Raises BadBytes for any other character.
    """
    for c in track:
        if c not in "0123456789=ABCDEF":
            raise BadBytes("track", 0, "not a track character")
    return _nibbles(track.replace("=", "D"), True, "0")


def unpack_track(buf, count: int | None = None) -> str:
    """Nibbles to ``count`` (all when None) track characters, D as ``=``; see `pack_track`."""
    return _text(buf, count, True).upper().replace("D", "=")
