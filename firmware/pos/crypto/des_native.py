"""The arithmetic of DES as machine code: what `des_portable` does, in loops, to be short.

Only what the viper emitter can do with 32-bit words: whole numbers below 2^31, buffers as
``ptr8``, at most four arguments, no exceptions. Who calls sees to the sizes. A board never gets
back the memory of code of this kind, so that the terminal keeps this module loaded.
"""

# ruff: noqa: F821 - ptr8 is a name of the emitter
import micropython
from micropython import const

from pos.crypto.des_tables import PLANES

_SINGLE_SHIFTS = const(0x8103)  # rounds 1, 2, 9, 16 rotate by one bit, bit 0 is round 1
# PC-2: how far each bit of a round key lies from the right end of C (24) and of D (24)
_PC2 = (
    b"\x0e\x0b\x11\x04\x1b\x17\x19\x00\x0d\x16\x07\x12"
    b"\x05\x09\x10\x18\x02\x14\x0c\x15\x01\x08\x0f\x1a"
    b"\x0f\x04\x19\x13\x09\x01\x1a\x10\x05\x0b\x17\x08"
    b"\x0c\x07\x11\x00\x16\x03\x0a\x0e\x06\x14\x1b\x18"
)


@micropython.viper
def expand(k: ptr8, p: int, key: ptr8):
    """As `des_portable.expand`."""
    c = 0
    d = 0
    pc2 = ptr8(_PC2)
    for i in range(8):  # PC-1: columns of the key
        b = key[i]
        c |= ((b & 0x80) << 13 | (b & 0x40) << 6 | b >> 1 & 0x10) << i
        d |= ((b & 0x02) << 19 | (b & 0x04) << 10 | (b & 0x08) << 1) << i
        if i < 4:
            d |= (b >> 4 & 1) << i
        else:
            c |= (b >> 4 & 1) << i - 4
    for r in range(16):
        n = 1 if _SINGLE_SHIFTS >> r & 1 else 2
        c = (c << n | c >> 28 - n) & 0xFFFFFFF
        d = (d << n | d >> 28 - n) & 0xFFFFFFF
        x = c
        at = 0
        for box in range(8):
            if box == 4:
                x = d
            v = box & 3
            for _ in range(6):
                v = v << 1 | x >> pc2[at] & 1
                at += 1
            k[p] = v
            p += 1


@micropython.viper
def crypt(k: ptr8, mode: int, block: ptr8, out: ptr8):
    """As `des_portable.crypt`."""
    t = ptr8(PLANES)
    lh = ll = rh = rl = 0
    for i in range(8):
        b = block[i]
        lh |= ((b & 0x40) << 2 | b >> 4 & 1) << i
        ll |= ((b & 0x04) << 6 | b & 1) << i
        rh |= ((b & 0x80) << 1 | b >> 5 & 1) << i
        rl |= ((b & 0x08) << 5 | b >> 1 & 1) << i
    for n in range(mode & 2 | 1):
        p = (n & 1) << 7
        step = 4
        if mode + n & 1:  # from the last round key to the first
            p += 120
            step = -12
        for _ in range(16):
            x = (rl & 1) << 17 | rh << 1 | rl >> 15  # E: the inputs of S1..S4 overlap by two bits
            y = (rh & 1) << 17 | rl << 1 | rh >> 15  # and of S5..S8
            i = 12
            while i >= 0:
                a = k[p] ^ x >> i & 63
                b = (k[p + 4] ^ y >> i & 63) + 1024
                lh ^= (t[a] ^ t[b]) << 8 | t[a + 256] ^ t[b + 256]
                ll ^= (t[a + 512] ^ t[b + 512]) << 8 | t[a + 768] ^ t[b + 768]
                p += 1
                i -= 4
            x = lh
            lh = rh
            rh = x
            x = ll
            ll = rl
            rl = x
            p += step
        x = lh  # the halves are swapped at the end of a pass
        lh = rh
        rh = x
        x = ll
        ll = rl
        rl = x
    for i in range(8):
        b = (lh & 0x100) >> 2 | (lh & 1) << 4 | (ll & 0x100) >> 6 | ll & 1
        out[i] = b | (rh & 0x100) >> 1 | (rh & 1) << 5 | (rl & 0x100) >> 5 | (rl & 1) << 1
        lh >>= 1
        ll >>= 1
        rh >>= 1
        rl >>= 1
