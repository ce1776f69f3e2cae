"""SM4 (GB/T 32907-2016), the block cipher of the Chinese key mode: 16 bytes, key of 16 bytes.

Words are worked on as 16-bit halves, so no value ever needs the heap on an interpreter with
31-bit small ints. `des.ecb_encrypt`, `des.ecb_decrypt` and `des.kcv` do more than one block.
"""

from micropython import const

from pos.crypto.sm4_tables import P0, P1

_BLOCK = const(16)
_ROUNDS = const(32)
_FK = b"\xa3\xb1\xba\xc6\x56\xaa\x33\x50\x67\x7d\x91\x97\xb2\x70\x22\xdc"


def _half(block, i: int) -> int:
    i += i
    return block[i] << 8 | block[i + 1]


def _s(x: int) -> int:
    """The S-box on both bytes of a half; S = P1 xor P1 >> 6."""
    x = P1[x >> 8] << 8 | P1[x & 255]
    return x ^ x >> 6 & 0x303


def _expand(k, m, key):
    """Fill the schedule with the upper (``k``) and lower (``m``) halves of 32 round keys."""
    w = [_half(key, i) ^ _half(_FK, i) for i in range(8)]
    for p in range(_ROUNDS):
        c = p * 28  # CK: the bytes are the multiples of 7
        e = _s(w[2] ^ w[4] ^ w[6] ^ ((c & 255) << 8 | c + 7 & 255))
        f = _s(w[3] ^ w[5] ^ w[7] ^ ((c + 14 & 255) << 8 | c + 21 & 255))
        # L': B xor B <<< 13 xor B <<< 23, B being e and f
        k[p] = c = w[0] ^ e ^ (e << 13 ^ f << 7) & 0xFFFF ^ f >> 3 ^ e >> 9
        w.append(c)
        m[p] = c = w[1] ^ f ^ (f << 13 ^ e << 7) & 0xFFFF ^ e >> 3 ^ f >> 9
        w.append(c)
        w.pop(0)
        w.pop(0)
    for p in range(8):
        w[p] = 0


def _crypt(k, m, order, block, out):
    """One block into ``out``; ``order``: of the round keys."""
    p0, p1 = P0, P1
    ah = _half(block, 0)
    al = _half(block, 1)
    bh = _half(block, 2)
    bl = _half(block, 3)
    ch = _half(block, 4)
    cl = _half(block, 5)
    dh = _half(block, 6)
    dl = _half(block, 7)
    for p in order:
        x = bh ^ ch ^ dh ^ k[p]
        e = x >> 8
        f = x & 255
        x = bl ^ cl ^ dl ^ m[p]
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
        self._k = [0] * _ROUNDS
        self._m = [0] * _ROUNDS
        _expand(self._k, self._m, key)

    def encrypt(self, block, out=None):
        """One block of 16 bytes; into ``out``, if given, which may be the same. Returns it."""
        return self._crypt(range(_ROUNDS), block, out)

    def decrypt(self, block, out=None):
        """As ``encrypt``, the other way."""
        return self._crypt(range(_ROUNDS - 1, -1, -1), block, out)

    def _crypt(self, order, block, out):
        if not self._k:
            raise ValueError("key was wiped")
        if len(block) != _BLOCK:
            raise ValueError("block of {} bytes".format(len(block)))
        if out is None:
            out = bytearray(_BLOCK)
        _crypt(self._k, self._m, order, block, out)
        return out

    def wipe(self):
        """Overwrite the key schedule."""
        for i in range(len(self._k)):
            self._k[i] = self._m[i] = 0
        self._k = []
