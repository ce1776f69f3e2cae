"""The host of a training: it answers here, out of the request, and has no way to anywhere.

It has the calls of ``session.Session``. The cents of an amount decide, as for a merchant of a test
host: cents that are a response code (81 to 87: A1 to A7) are the answer, all others approve.
"""

import os

from pos.acquirer import messages
from pos.crypto.des import ecb_decrypt, kcv
from pos.protocol import iso8583, unionpay
from pos.store.files import wipe
from pos.store.training import PARTS

_ECHOED = (3, 4, 11, 41, 42, 60)
_BALANCE = "1001156C000000888800"  # 8,888.00
_MODES = ("001", "003", "004", "005")
_KEY = 16
_NAME = "TRAINING   "  # issuer, acquirer: 11 characters


class Nowhere:
    """A way to the host that leads nowhere; the calls of ``hw.Link``."""

    kept = None

    def is_up(self) -> bool:
        """Never."""
        return False

    async def close(self) -> None:
        """There is nothing to hang up."""

    async def up(self) -> None:
        """Raises OSError: the name of the words for it."""
        raise OSError("net_training")

    def down(self) -> None:
        """There is nothing to leave."""

    def scan(self) -> list:
        """Raises OSError."""
        raise OSError("net_training")


class Host:
    """What a story asks instead of ``session.Session``."""

    def __init__(self, params):
        self._params = params
        self.action = 0  # it asks for nothing
        self.sm4 = False

    async def connect(self) -> None:
        """It is there."""

    async def close(self) -> None:
        """It needs no end."""

    def request(self, mti: str, fields: dict, mak=None) -> tuple:
        """What ``exchange`` takes. Raises BadBytes for what could not be sent."""
        iso8583.pack(unionpay.PROFILE, mti, fields)
        return mti, fields

    async def exchange(self, request: tuple, mak=None) -> dict:
        """The fields of the answer."""
        mti, fields = request
        answer: dict = {39: "00"}
        for f in _ECHOED:
            if f in fields:
                answer[f] = fields[f]
        kind = fields[60][:2]
        code = fields[60][8:11]
        if mti == "0800":
            answer[62] = _keys(code) if kind == "00" and code in _MODES else _nothing(code)
        elif mti == "0820":
            answer[62] = b"0"
        elif mti == "0500":
            f48 = fields[48]
            answer[48] = f48[:30] + "1" + f48[31:61] + "1"
        elif mti in ("0100", "0200", "0220"):
            self._money(mti, fields, answer)
        messages.check(mti, fields, unionpay.response_mti(mti), answer)
        return answer

    def _money(self, mti, fields, answer):
        trace = fields[11]
        amount = fields.get(4) or "00"
        if mti != "0220":
            answer[39] = code_for(amount[-2:])
        answer[37] = fields[60][2:8] + trace
        answer[44] = _NAME * 2
        if not unionpay.approved(answer[39]):
            return
        answer[38] = trace
        if fields[3] == "310000":
            answer[54] = _BALANCE
        elif fields.get(25) == "64":
            terms = bytes(fields.get(62) or b"")
            months = int(terms[:2]) if terms[:2].isdigit() else 1
            answer[62] = b"%012d156%012d" % (int(amount) // max(months, 1), 0)


def code_for(cents: str) -> str:
    """F39 that two digits ask for."""
    if cents in ("00", "10"):
        return "00"
    code = "A" + cents[1] if "81" <= cents <= "87" else cents
    return "00" if unionpay.response(code)[1] == "other" else code


def _nothing(code):
    """F62 of a download: there is nothing, or (parameters) nothing has changed."""
    return b"" if code == "360" else b"0"


def _keys(mode):
    """F62 of a sign-in: keys that nobody has, each with its check value."""
    sm4 = mode == "005"
    size = 8 if mode == "001" else _KEY
    tmk = bytearray(a ^ b for a, b in zip(*PARTS))
    f62 = b""
    for _ in range(3 if mode in _MODES[2:] else 2):
        sealed = os.urandom(size)
        key = ecb_decrypt(tmk, sealed, sm4)
        f62 += sealed + kcv(key, sm4)
        wipe(key)
    wipe(tmk)
    return f62
