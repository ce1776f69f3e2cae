"""Key slots: the terminal master key (sealed) and the working keys (as received, under the TMK).

Field 62 of the sign-in answer (UnionPay direct POS): 24 bytes PIK 8, KCV 4, MAK 8, KCV 4; 40 bytes
PIK 16, KCV, MAK 8 and 8 zeros (or 16), KCV; 60 bytes the same and TDK 16, KCV. Each key is ECB
under the TMK, its KCV the first 4 bytes of a block of zeros encrypted by it. The mode, as F60.3 of
the sign-in has it, says which of them and the cipher: 001 DES, 003 triple DES, 004 the same with
a TDK, 005 SM4 with a TDK and 16 bytes in each key [M].
The file: sealed TMK (64), KCV of the TMK (4), last digit of the mode (1), field 62; always
replaced as a whole.

This is development equipment. A key whose check value is in the file ``refused_kcv`` beside the
keys (`files.save`; 3 bytes each, in a row) looks like one from production, and is refused.
"""

from micropython import const

from pos.crypto.des import ecb_decrypt, kcv
from pos.store import files
from pos.store.files import wipe

_KEY = const(16)
_SEALED = const(64)
_KCV = const(4)
_MODE = const(68)
_F62 = const(69)
_SHOWN = const(3)  # bytes of a check value that people show one another
_SM4 = "005"
_MODES = ("001", "003", "004", _SM4)


class NoKey(Exception):
    """A key that was never loaded; the argument is its name."""


class KeyCheck(ValueError):
    """A key does not match its check value, or is no key; the argument is its name.

    A second argument "refused" says that its check value is in the list of refused ones.
    """


class Keys:
    """The key slots in ``root``, opened by ``sealer``; raises files.Damaged."""

    def __init__(self, root: str, sealer):
        self._path = root + "/keys"
        self._list = root + "/refused_kcv"
        self._sealer = sealer
        self._file = files.load(self._path) or b""

    def set_tmk(self, part1, part2, check=None, sm4: bool = False) -> bytes:
        """Load the TMK, the XOR of two components of 16 bytes; returns its KCV (4 bytes) to show.

        ``sm4``: its KCV is that of SM4. The working keys of the old TMK are dropped. Raises
        KeyCheck("TMK") when ``check`` (3 or 4 bytes) is given and differs, the components are
        equal or the key is refused; the old keys then stay.
        """
        if len(part1) != _KEY or len(part2) != _KEY:
            raise KeyCheck("TMK")
        key = bytearray(_KEY)
        for i in range(_KEY):
            key[i] = part1[i] ^ part2[i]
        try:
            value = kcv(key, sm4)
            if not any(key) or (check is not None and value[: len(check)] != bytes(check)):
                raise KeyCheck("TMK")
            refused = self._refused()
            self._accept("TMK", value, refused)
            if refused:  # whichever cipher it has been used with
                self._accept("TMK", kcv(key, not sm4), refused)
            self._save(self._sealer.seal("TMK", key) + value)
        finally:
            wipe(key)
        return value

    def tmk_kcv(self) -> bytes:
        """Check value of the TMK, 4 bytes; raises NoKey."""
        if not self._file:
            raise NoKey("TMK")
        return bytes(self._file[_SEALED:_MODE])

    def checks(self):
        """Yield (name, check value in hex as people show it) of each key that is loaded."""
        if self._file:
            yield "TMK", self.tmk_kcv()[:_SHOWN].hex().upper()
        if self.ready():
            f62 = self._file[_F62:]
            for name in ("PIK", "MAK", "TDK")[: 3 if len(f62) == 60 else 2]:
                at = _place(name, f62)
                yield name, bytes(f62[at - _KCV : at - _KCV + _SHOWN]).hex().upper()

    def load_working(self, f62, mode: str = "003") -> None:
        """Keep the working keys of a sign-in answer, all or none of them; ``mode``: its F60.3.

        Raises KeyCheck with the name of the first that is wrong or refused (or "F62" when it has
        not the length of the mode), NoKey without a TMK, files.Damaged when the TMK was sealed on
        another device.
        """
        n = len(f62)
        if mode not in _MODES or (
            n != 24 if mode == "001" else n != 60 and (n != 40 or mode != "003")
        ):
            raise KeyCheck("F62")
        self.tmk_kcv()
        refused = self._refused()
        for name in ("PIK", "MAK", "TDK")[: 3 if n == 60 else 2]:
            wipe(self._clear(name, f62, mode == _SM4))
            at = _place(name, f62)
            self._accept(name, f62[at - _KCV : at], refused)
        self._save(bytes(self._file[:_MODE]) + mode[2].encode() + bytes(f62))

    def drop_working(self) -> None:
        """Forget the working keys: the host asks for a new sign-in."""
        if self.ready():
            self._save(bytes(self._file[:_MODE]))

    def ready(self) -> bool:
        """Whether working keys are loaded."""
        return len(self._file) > _F62

    def mode(self) -> str:
        """The mode of the working keys, "001", "003", "004" or "005"; raises NoKey without any."""
        if not self.ready():
            raise NoKey("PIK")
        return "00" + chr(self._file[_MODE])

    def sm4(self) -> bool:
        """Whether the working keys are for SM4, as `mac` and `pin_block` want to know it."""
        return self.mode() == _SM4

    def pik(self) -> bytearray:
        """The clear PIN key, 8 or 16 bytes, for the caller to wipe.

        Raises NoKey before the first sign-in, KeyCheck, files.Damaged.
        """
        return self._working("PIK")

    def mak(self) -> bytearray:
        """The clear MAC key, 8 or 16 bytes, for the caller to wipe; raises as ``pik``."""
        return self._working("MAK")

    def tdk(self) -> bytearray:
        """The clear track key, 16 bytes, for the caller to wipe; raises as ``pik``."""
        return self._working("TDK")

    def _save(self, content):
        files.save(self._path, content)
        self._file = content

    def _refused(self):
        return files.load(self._list) or b""

    def _accept(self, name, value, refused):
        """Raises KeyCheck for a check value that is in the list of refused ones."""
        for i in range(0, len(refused), _SHOWN):
            if refused[i : i + _SHOWN] == value[:_SHOWN]:
                raise KeyCheck(name, "refused")

    def _working(self, name):
        if not self.ready():
            raise NoKey(name)
        return self._clear(name, memoryview(self._file)[_F62:], self.sm4())

    def _clear(self, name, f62, sm4):
        """Decrypt one key of field 62 and check it."""
        size = 8 if len(f62) == 24 else _KEY
        end = _place(name, f62) - _KCV
        if end > len(f62):
            raise NoKey(name)
        at = end - size
        check = f62[end : end + _KCV]
        if name == "MAK" and not sm4 and not any(f62[at + 8 : end]):
            size = 8
        tmk = self._sealer.open("TMK", memoryview(self._file)[:_SEALED])
        try:
            key = ecb_decrypt(tmk, f62[at : at + size], sm4)
        finally:
            wipe(tmk)
        if kcv(key, sm4) != check:
            wipe(key)
            raise KeyCheck(name)
        return key


def _place(name, f62) -> int:
    """Where a key of field 62 and its check value end."""
    return (("PIK", "MAK", "TDK").index(name) + 1) * ((8 if len(f62) == 24 else _KEY) + _KCV)
