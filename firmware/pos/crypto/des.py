"""DES and two-key triple DES (FIPS 46-3, SP 800-67), as machine code where the board takes it.

The arithmetic is in `des_native`, or in `des_portable` for an interpreter without machine code.
"""

# A buffer will do where machine code wants a ptr8
# pyright: reportArgumentType=false
from micropython import const

try:
    from pos.crypto.des_native import crypt, expand
except (ImportError, ValueError, SyntaxError, AttributeError):
    # The build has left it out, it is another machine's, there is no emitter, it is CPython
    from pos.crypto.des_portable import crypt, expand

_BLOCK = const(8)
_SCHEDULE = const(128)  # one byte for each of 8 S-boxes in 16 rounds
_TWO_KEYS = const(2)  # modes of `crypt`
_DECRYPT = const(1)


class Des:
    """A key made ready: 8 bytes for DES, 16 for triple DES (encrypt, decrypt, encrypt).

    Parity bits are ignored. `wipe` clears the schedule; a wiped key raises ValueError when used.
    """

    def __init__(self, key):
        n = len(key)
        if n != 8 and n != 16:
            raise ValueError("key of {} bytes".format(n))
        self._k = bytearray(_SCHEDULE * (n >> 3))
        expand(self._k, 0, key)
        if n == 16:
            expand(self._k, _SCHEDULE, memoryview(key)[8:])

    def encrypt(self, block, out=None):
        """One block of 8 bytes; into ``out``, if given, which may be the same. Returns it."""
        return self._crypt(0, block, out)

    def decrypt(self, block, out=None):
        """As ``encrypt``, the other way."""
        return self._crypt(_DECRYPT, block, out)

    def _crypt(self, mode, block, out):
        n = len(self._k)
        if not n:
            raise ValueError("key was wiped")
        if len(block) != _BLOCK:
            raise ValueError("block of {} bytes".format(len(block)))
        if out is None:
            out = bytearray(_BLOCK)
        crypt(self._k, mode | _TWO_KEYS if n > _SCHEDULE else mode, block, out)
        return out

    def wipe(self):
        """Overwrite the key schedule."""
        for i in range(len(self._k)):
            self._k[i] = 0
        self._k = bytearray()


def cipher(key, sm4: bool = False):
    """A key made ready: `Des` by its length, or `sm4.Sm4`, whose code is loaded only then."""
    if sm4:
        from pos.crypto.sm4 import Sm4

        return Sm4(key)
    return Des(key)


def _ecb(key, data, decrypt, sm4):
    n = len(data)
    size = 16 if sm4 else _BLOCK
    if n % size:
        raise ValueError("data of {} bytes".format(n))
    ready = cipher(key, sm4)
    try:
        step = ready.decrypt if decrypt else ready.encrypt
        out = bytearray(data)
        view = memoryview(out)
        for i in range(0, n, size):
            block = view[i : i + size]
            step(block, block)
        return out
    finally:
        ready.wipe()


def ecb_encrypt(key, data, sm4: bool = False) -> bytearray:
    """Encrypt whole blocks (8 bytes, SM4 16), each for itself. ValueError for any other size."""
    return _ecb(key, data, False, sm4)


def ecb_decrypt(key, data, sm4: bool = False) -> bytearray:
    """As ``ecb_encrypt``, the other way. No copy of what comes out is left behind."""
    return _ecb(key, data, True, sm4)


def kcv(key, sm4: bool = False) -> bytes:
    """Key check value: the first 4 bytes of a block of zeros under ``key``."""
    return bytes(ecb_encrypt(key, bytes(16 if sm4 else _BLOCK), sm4)[:4])
