"""DES and two-key triple DES (FIPS 46-3, SP 800-67) for interpreters with 31-bit small ints.

Blocks are worked on as 16-bit halves, so no value ever needs the heap; the tables are constants.
Bits are counted from the most significant one as in the standard.
"""

from micropython import const

from pos.crypto.des_tables import H0, H1, H2, H3, L0, L1, L2, L3

_BLOCK = const(8)
_SCHEDULE = const(128)  # one byte for each of 8 S-boxes in 16 rounds
# Rounds (start, stop, step in the schedule) of each pass, key 1 at 0, key 2 at _SCHEDULE
_E1 = (0, 128, 8)
_D1 = (120, -8, -8)
_E2 = (128, 256, 8)
_D2 = (248, 120, -8)
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


def _expand(k, p: int, key, at: int):
    """Fill the schedule ``k`` from ``p`` with the 16 round keys of the 8 bytes at ``key[at]``."""
    c = d = 0
    for i in range(8):  # PC-1: columns of the key
        b = key[at + i]
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
    h0, h1, h2, h3 = H0, H1, H2, H3
    l0, l1, l2, l3 = L0, L1, L2, L3
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
        lh ^= (h0[a] ^ h0[b] ^ h0[c] ^ h0[d] ^ l0[e] ^ l0[f] ^ l0[g] ^ l0[h]) << 8
        lh ^= h1[a] ^ h1[b] ^ h1[c] ^ h1[d] ^ l1[e] ^ l1[f] ^ l1[g] ^ l1[h]
        ll ^= (h2[a] ^ h2[b] ^ h2[c] ^ h2[d] ^ l2[e] ^ l2[f] ^ l2[g] ^ l2[h]) << 8
        ll ^= h3[a] ^ h3[b] ^ h3[c] ^ h3[d] ^ l3[e] ^ l3[f] ^ l3[g] ^ l3[h]
        lh, rh = rh, lh
        ll, rl = rl, ll
        p += step
    return rh, rl, lh, ll


def _crypt(k, passes, block) -> bytes:
    """Initial permutation, the passes, final permutation; those between passes cancel."""
    if len(block) != _BLOCK:
        raise ValueError("block of {} bytes".format(len(block)))
    lh = ll = rh = rl = 0
    for i in range(8):
        b = block[i]
        lh |= ((b & 0x40) << 2 | b >> 4 & 1) << i
        ll |= ((b & 0x04) << 6 | b & 1) << i
        rh |= ((b & 0x80) << 1 | b >> 5 & 1) << i
        rl |= ((b & 0x08) << 5 | b >> 1 & 1) << i
    for p, stop, step in passes:
        lh, ll, rh, rl = _rounds(k, p, stop, step, lh, ll, rh, rl)
    out = bytearray(8)
    for i in range(8):
        b = (lh & 0x100) >> 2 | (lh & 1) << 4 | (ll & 0x100) >> 6 | ll & 1
        out[i] = b | (rh & 0x100) >> 1 | (rh & 1) << 5 | (rl & 0x100) >> 5 | (rl & 1) << 1
        lh >>= 1
        ll >>= 1
        rh >>= 1
        rl >>= 1
    return bytes(out)


class Des:
    """A key made ready: 8 bytes for DES, 16 for triple DES (encrypt, decrypt, encrypt).

    Parity bits are ignored. `wipe` clears the schedule; a wiped key raises ValueError when used.
    """

    def __init__(self, key):
        n = len(key)
        if n != 8 and n != 16:
            raise ValueError("key of {} bytes".format(n))
        self._k = bytearray(_SCHEDULE * (n >> 3))
        _expand(self._k, 0, key, 0)
        if n == 16:
            _expand(self._k, _SCHEDULE, key, 8)

    def encrypt(self, block) -> bytes:
        """One block of 8 bytes."""
        return _crypt(self._k, (_E1,) if self._single() else (_E1, _D2, _E1), block)

    def decrypt(self, block) -> bytes:
        """One block of 8 bytes."""
        return _crypt(self._k, (_D1,) if self._single() else (_D1, _E2, _D1), block)

    def _single(self) -> bool:
        n = len(self._k)
        if not n:
            raise ValueError("key was wiped")
        return n == _SCHEDULE

    def wipe(self):
        """Overwrite the key schedule."""
        for i in range(len(self._k)):
            self._k[i] = 0
        self._k = bytearray()


def _ecb(key, data, decrypt: bool) -> bytes:
    n = len(data)
    if n & 7:
        raise ValueError("data of {} bytes".format(n))
    des = Des(key)
    try:
        step = des.decrypt if decrypt else des.encrypt
        out = bytearray(n)
        view = memoryview(data)
        for i in range(0, n, 8):
            out[i : i + 8] = step(view[i : i + 8])
        return bytes(out)
    finally:
        des.wipe()


def ecb_encrypt(key, data) -> bytes:
    """Encrypt whole blocks of 8 bytes, each for itself. ValueError for any other size."""
    return _ecb(key, data, False)


def ecb_decrypt(key, data) -> bytes:
    """Decrypt whole blocks of 8 bytes, each for itself. ValueError for any other size."""
    return _ecb(key, data, True)


def kcv(key) -> bytes:
    """Key check value: the first 4 bytes of a block of zeros under ``key``."""
    return ecb_encrypt(key, bytes(8))[:4]
