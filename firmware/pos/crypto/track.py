"""Encryption of the tracks of a magnetic stripe under the track key (reference, section 8)."""

from binascii import hexlify, unhexlify

from pos.crypto.des import cipher


def encrypt(tdk, track: str, whole: bool = False, sm4: bool = False) -> str:
    """F35 or F36: ``track`` (digits and ``=``) with a block of it under ``tdk``.

    The block is the 8 bytes that end just before the last byte of the packed track; a track
    shorter than 17 characters is filled up to 17 on the left with F, and stays so. [M] with
    ``sm4``: 16 bytes and 33 characters. ``whole``, for other acquirers: all of the track, filled
    up with F on the right to whole blocks, so that it may be longer than the profile has it.
    What comes out is as `bcd.unpack_track` has it: any nibble, D as ``=``. Raises ValueError,
    which does not tell the track.
    """
    if not track.replace("=", "").isdigit():
        raise ValueError("track")
    size = 32 if sm4 else 16  # characters of a block
    text = track.replace("=", "D")
    if whole:
        text += "F" * (-len(text) % size)
        start, end = 0, len(text)
    else:
        text = "F" * (size + 1 - len(text)) + text
        end = len(text) - 1 & ~1
        start = end - size
    data = bytearray(unhexlify(text[start:end]))
    ready = cipher(tdk, sm4)
    try:
        view = memoryview(data)
        for i in range(0, len(data), size >> 1):
            block = view[i : i + (size >> 1)]
            ready.encrypt(block, block)
    finally:
        ready.wipe()
    text = text[:start] + hexlify(data).decode().upper() + text[end:]
    return text.replace("D", "=")
