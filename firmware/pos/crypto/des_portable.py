"""The arithmetic of DES in bytecode, for interpreters that take no machine code.

The same two functions as `des_native`. Blocks are worked on as 16-bit halves, so no value ever
needs the heap on an interpreter with 31-bit small ints; bits are counted from the most significant
one as in the standard (FIPS 46-3).
"""

from micropython import const

from pos.crypto.des_tables import PLANES

_SINGLE_SHIFTS = const(0x8103)  # rounds 1, 2, 9, 16 rotate by one bit, bit 0 is round 1


def _subkey(k, p: int, c: int, d: int):
    """PC-2: six key bits for each S-box, and the number of the S-box in its half above them."""
    k[p] = c >> 9 & 32 | c >> 7 & 16 | c >> 14 & 8 | c >> 2 & 4 | c >> 26 & 2 | c >> 23 & 1
    k[p + 1] = (
        c >> 20 & 32 | (c & 1) << 4 | c >> 10 & 8 | c >> 20 & 4 | c >> 6 & 2 | c >> 18 & 1 | 64
    )
    k[p + 2] = c & 32 | c >> 5 & 16 | c >> 13 & 8 | c >> 22 & 4 | c >> 1 & 2 | c >> 20 & 1 | 128
    k[p + 3] = (
        c >> 7 & 32 | c >> 17 & 16 | (c & 2) << 2 | c >> 6 & 4 | c >> 14 & 2 | c >> 26 & 1 | 192
    )
    k[p + 4] = d >> 10 & 32 | d & 16 | d >> 22 & 8 | d >> 17 & 4 | d >> 8 & 2 | d >> 1 & 1
    k[p + 5] = (
        d >> 21 & 32 | d >> 12 & 16 | d >> 2 & 8 | d >> 9 & 4 | d >> 22 & 2 | d >> 8 & 1 | 64
    )
    k[p + 6] = (
        d >> 7 & 32 | d >> 3 & 16 | d >> 14 & 8 | (d & 1) << 2 | d >> 21 & 2 | d >> 3 & 1 | 128
    )
    k[p + 7] = (
        d >> 5 & 32 | d >> 10 & 16 | d >> 3 & 8 | d >> 18 & 4 | d >> 26 & 2 | d >> 24 & 1 | 192
    )


def expand(k, p: int, key):
    """Fill the schedule ``k`` from ``p`` with the 16 round keys of the 8 bytes of ``key``.

    Eight bytes a round, one for each S-box: six key bits, above them its number in its half.
    """
    c = d = 0
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
        _subkey(k, p, c, d)
        p += 8


def _rounds(k, p: int, stop: int, step: int, lh: int, ll: int, rh: int, rl: int) -> tuple:
    """The 16 rounds on the halves L (lh, ll) and R (rh, rl), swapped at the end."""
    t = PLANES
    while p != stop:
        x = (rl & 1) << 17 | rh << 1 | rl >> 15  # E: the inputs of S1..S4 overlap by two bits
        a = k[p] ^ x >> 12
        b = k[p + 1] ^ x >> 8 & 63
        c = k[p + 2] ^ x >> 4 & 63
        d = k[p + 3] ^ x & 63
        x = (rh & 1) << 17 | rl << 1 | rh >> 15  # and of S5..S8
        e = k[p + 4] ^ x >> 12
        f = k[p + 5] ^ x >> 8 & 63
        g = k[p + 6] ^ x >> 4 & 63
        h = k[p + 7] ^ x & 63
        lh ^= (
            t[a] ^ t[b] ^ t[c] ^ t[d] ^ t[e + 1024] ^ t[f + 1024] ^ t[g + 1024] ^ t[h + 1024]
        ) << 8
        lh ^= t[a + 256] ^ t[b + 256] ^ t[c + 256] ^ t[d + 256]
        lh ^= t[e + 1280] ^ t[f + 1280] ^ t[g + 1280] ^ t[h + 1280]
        ll ^= (
            t[a + 512]
            ^ t[b + 512]
            ^ t[c + 512]
            ^ t[d + 512]
            ^ t[e + 1536]
            ^ t[f + 1536]
            ^ t[g + 1536]
            ^ t[h + 1536]
        ) << 8
        ll ^= t[a + 768] ^ t[b + 768] ^ t[c + 768] ^ t[d + 768]
        ll ^= t[e + 1792] ^ t[f + 1792] ^ t[g + 1792] ^ t[h + 1792]
        lh, rh = rh, lh
        ll, rl = rl, ll
        p += step
    return rh, rl, lh, ll


def crypt(k, mode: int, block, out):
    """One block of 8 bytes into ``out``, which may be the same buffer.

    ``mode``: 0 encrypt, 1 decrypt with one key; 2, 3 the same with two keys in three passes, whose
    schedules stand in a row. What the permutations between passes would do cancels out.
    """
    lh = ll = rh = rl = 0
    for i in range(8):
        b = block[i]
        lh |= ((b & 0x40) << 2 | b >> 4 & 1) << i
        ll |= ((b & 0x04) << 6 | b & 1) << i
        rh |= ((b & 0x80) << 1 | b >> 5 & 1) << i
        rl |= ((b & 0x08) << 5 | b >> 1 & 1) << i
    for n in range(mode & 2 | 1):
        p = (n & 1) << 7
        if mode + n & 1:
            lh, ll, rh, rl = _rounds(k, p + 120, p - 8, -8, lh, ll, rh, rl)
        else:
            lh, ll, rh, rl = _rounds(k, p, p + 128, 8, lh, ll, rh, rl)
    for i in range(8):
        b = (lh & 0x100) >> 2 | (lh & 1) << 4 | (ll & 0x100) >> 6 | ll & 1
        out[i] = b | (rh & 0x100) >> 1 | (rh & 1) << 5 | (rl & 0x100) >> 5 | (rl & 1) << 1
        lh >>= 1
        ll >>= 1
        rh >>= 1
        rl >>= 1
