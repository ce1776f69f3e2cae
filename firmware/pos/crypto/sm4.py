"""SM4 (GB/T 32907-2016), the block cipher of the Chinese key mode: 16 bytes, key of 16 bytes.

Words are worked on as 16-bit halves, so no value ever needs the heap on an interpreter with
31-bit small ints. `des.ecb_encrypt`, `des.ecb_decrypt` and `des.kcv` do more than one block.
"""

from micropython import const

from pos.crypto.sm4_tables import P0, P1

_BLOCK = const(16)
_SCHEDULE = const(64)  # 32 round keys of two halves
_FK = b"\xa3\xb1\xba\xc6\x56\xaa\x33\x50\x67\x7d\x91\x97\xb2\x70\x22\xdc"


def _halves(block) -> list:
    return [block[i] << 8 | block[i + 1] for i in range(0, _BLOCK, 2)]


def _s(x: int) -> int:
    """The S-box on both bytes of a half; S = P1 xor P1 >> 6."""
    x = P1[x >> 8] << 8 | P1[x & 255]
    return x ^ x >> 6 & 0x303


def _expand(k, key):
    """Fill the schedule ``k`` with the 32 round keys of a key."""
    key = _halves(key)
    fk = _halves(_FK)
    for i in range(8):
        key[i] ^= fk[i]
    ah, al, bh, bl, ch, cl, dh, dl = key
    for p in range(0, _SCHEDULE, 2):
        c = p * 14  # CK: the bytes are the multiples of 7
        e = _s(bh ^ ch ^ dh ^ ((c & 255) << 8 | c + 7 & 255))
        f = _s(bl ^ cl ^ dl ^ ((c + 14 & 255) << 8 | c + 21 & 255))
        # L': B xor B <<< 13 xor B <<< 23, B being e and f
        x = ah ^ e ^ (e << 13 ^ f << 7) & 0xFFFF ^ f >> 3 ^ e >> 9
        y = al ^ f ^ (f << 13 ^ e << 7) & 0xFFFF ^ e >> 3 ^ f >> 9
        ah, al, bh, bl, ch, cl, dh, dl = bh, bl, ch, cl, dh, dl, x, y
        k[p] = x
        k[p + 1] = y
    key[:] = fk


def _crypt(k, p: int, step: int, block, out):
    """One block into ``out``; round keys from ``p`` on, 2 or -2 halves apart."""
    p0, p1 = P0, P1
    ah, al, bh, bl, ch, cl, dh, dl = _halves(block)
    for _ in range(32):
        x = bh ^ ch ^ dh ^ k[p]
        e = x >> 8
        f = x & 255
        x = bl ^ cl ^ dl ^ k[p + 1]
        g = x >> 8
        h = x & 255
        x = (p1[e] ^ p0[h]) << 8 ^ p1[f] ^ p0[e]
        y = (p1[g] ^ p0[f]) << 8 ^ p1[h] ^ p0[g]
        # What each byte adds to all four: the sum of P0 and P1 of all of them, in every place
        z = x ^ y
        z = z << 8 & 0xFF00 | z >> 8
        y ^= ah ^ z
        x ^= al ^ z
        ah = bh
        al = bl
        bh = ch
        bl = cl
        ch = dh
        cl = dl
        dh = y
        dl = x
        p += step
    i = 0
    for x in (dh, dl, ch, cl, bh, bl, ah, al):
        out[i] = x >> 8
        out[i + 1] = x & 255
        i += 2


class Sm4:
    """A key of 16 bytes made ready; as `des.Des`, with blocks of 16 bytes."""

    def __init__(self, key):
        if len(key) != _BLOCK:
            raise ValueError("key of {} bytes".format(len(key)))
        self._k = [0] * _SCHEDULE
        _expand(self._k, key)

    def encrypt(self, block, out=None):
        """One block of 16 bytes; into ``out``, if given, which may be the same. Returns it."""
        return self._crypt(0, 2, block, out)

    def decrypt(self, block, out=None):
        """As ``encrypt``, the other way."""
        return self._crypt(_SCHEDULE - 2, -2, block, out)

    def _crypt(self, p, step, block, out):
        if not self._k:
            raise ValueError("key was wiped")
        if len(block) != _BLOCK:
            raise ValueError("block of {} bytes".format(len(block)))
        if out is None:
            out = bytearray(_BLOCK)
        _crypt(self._k, p, step, block, out)
        return out

    def wipe(self):
        """Overwrite the key schedule."""
        for i in range(len(self._k)):
            self._k[i] = 0
        self._k = []
