"""Key slots: the terminal master key (sealed) and the working keys (as received, under the TMK).

Field 62 of the sign-in answer (UnionPay direct POS): 24 bytes PIK 8, KCV 4, MAK 8, KCV 4; 40 bytes
PIK 16, KCV, MAK 8 and 8 zeros (or 16), KCV; 60 bytes the same and TDK 16, KCV. Each key is ECB
under the TMK, its KCV the first 4 bytes of 8 zeros encrypted by it.
The file: sealed TMK (64), KCV of the TMK (4), field 62; always replaced as a whole.
"""

from micropython import const

from pos.crypto.des import ecb_decrypt, kcv
from pos.store import files
from pos.store.files import wipe

_KEY = const(16)
_SEALED = const(64)
_KCV = const(4)
_F62 = const(68)


class NoKey(Exception):
    """A key that was never loaded; the argument is its name."""


class KeyCheck(ValueError):
    """A key does not match its check value, or is no key; the argument is its name."""


class Keys:
    """The key slots in ``root``, opened by ``sealer``; raises files.Damaged."""

    def __init__(self, root: str, sealer):
        self._path = root + "/keys"
        self._sealer = sealer
        self._file = files.load(self._path) or b""

    def set_tmk(self, part1, part2, check=None) -> bytes:
        """Load the TMK, the XOR of two components of 16 bytes; returns its KCV (4 bytes) to show.

        The working keys of the old TMK are dropped. Raises KeyCheck("TMK") when ``check`` (3 or 4
        bytes) is given and differs, or the components are equal; the old keys then stay.
        """
        if len(part1) != _KEY or len(part2) != _KEY:
            raise KeyCheck("TMK")
        key = bytearray(_KEY)
        for i in range(_KEY):
            key[i] = part1[i] ^ part2[i]
        try:
            value = bytes(kcv(key))
            if not any(key) or (check is not None and value[: len(check)] != bytes(check)):
                raise KeyCheck("TMK")
            self._save(self._sealer.seal("TMK", key) + value)
        finally:
            wipe(key)
        return value

    def tmk_kcv(self) -> bytes:
        """Check value of the TMK, 4 bytes; raises NoKey."""
        if not self._file:
            raise NoKey("TMK")
        return bytes(self._file[_SEALED:_F62])

    def load_working(self, f62) -> None:
        """Keep the working keys of a sign-in answer, all or none of them.

        Raises KeyCheck with the name of the first that is wrong (or "F62" for its length), NoKey
        without a TMK, files.Damaged when the TMK was sealed on another device.
        """
        if len(f62) not in (24, 40, 60):
            raise KeyCheck("F62")
        self.tmk_kcv()
        for name in ("PIK", "MAK", "TDK")[: 3 if len(f62) == 60 else 2]:
            wipe(self._clear(name, f62))
        self._save(bytes(self._file[:_F62]) + bytes(f62))

    def drop_working(self) -> None:
        """Forget the working keys: the host asks for a new sign-in."""
        if self.ready():
            self._save(bytes(self._file[:_F62]))

    def ready(self) -> bool:
        """Whether working keys are loaded."""
        return len(self._file) > _F62

    def pik(self) -> bytearray:
        """The clear PIN key, 8 or 16 bytes, for the caller to wipe.

        Raises NoKey before the first sign-in, KeyCheck, files.Damaged.
        """
        return self._clear("PIK", memoryview(self._file)[_F62:])

    def mak(self) -> bytearray:
        """The clear MAC key, 8 or 16 bytes, for the caller to wipe; raises as ``pik``."""
        return self._clear("MAK", memoryview(self._file)[_F62:])

    def tdk(self) -> bytearray:
        """The clear track key, 16 bytes, for the caller to wipe; raises as ``pik``."""
        return self._clear("TDK", memoryview(self._file)[_F62:])

    def _save(self, content):
        files.save(self._path, content)
        self._file = content

    def _clear(self, name, f62):
        """Decrypt one key of field 62 and check it."""
        size = 8 if len(f62) == 24 else 16
        at = ("PIK", "MAK", "TDK").index(name) * (size + _KCV)
        if at >= len(f62):
            raise NoKey(name)
        check = f62[at + size : at + size + _KCV]
        if name == "MAK" and not any(f62[at + 8 : at + size]):
            size = 8
        tmk = self._sealer.open("TMK", memoryview(self._file)[:_SEALED])
        key = bytearray(ecb_decrypt(tmk, f62[at : at + size]))
        wipe(tmk)
        if kcv(key) != check:
            wipe(key)
            raise KeyCheck(name)
        return key
