"""One connection to a host: frames out and in, working keys in memory, MAC and PIN block."""

import socket
import ssl
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from host_tools.decode8583 import mac_steps
from host_tools.decode8583.firmware import BadBytes, Des, iso8583, mac, pin_block, unionpay
from host_tools.decode8583.kinds import Kind, by_name

TPDU, HEADER = bytes.fromhex("6000030000"), bytes.fromhex("603100310000")
SERIAL = b"TT000001"
_ECHOED = (3, 11, 41)
_KEY_SIZES = {"001": (8, 8, 0), "003": (16, 8, 0), "004": (16, 8, 16), "005": (16, 16, 16)}
_NO_REVERSAL_NEEDED = ("00", "12", "25")


class NoAnswer(Exception):
    """Nothing came, or nothing that can be read; the text says what, without data."""


class BadKeys(Exception):
    """The working keys of the sign-in are not under this TMK."""


@dataclass
class Exchange:
    """A request and what came of it; ``faults`` say why the answer is not genuine."""

    kind: Kind
    request: bytes
    answer: bytes
    fields: dict[int, Any] = field(repr=False)
    faults: list[str]
    mak: bytes | None = field(default=None, repr=False)

    @property
    def code(self) -> str:
        """F39, "" when there is none."""
        return self.fields.get(39, "")

    @property
    def approved(self) -> bool:
        """Whether what was asked for is done. An advice that is booked already (94) is."""
        if self.kind.mti == "0400":
            return self.code in _NO_REVERSAL_NEEDED
        return unionpay.approved(self.code) or (self.kind.advice and self.code == "94")


@dataclass
class Where:
    """How a host is reached; ``timeout`` in seconds."""

    host: str = "127.0.0.1"
    port: int = 8583
    tls: ssl.SSLContext | None = None
    timeout: float = 30.0


class Session:
    """A terminal at a host. Use as a context manager."""

    def __init__(self, where: Where, terminal: str, merchant: str, tmk: bytes) -> None:
        self.terminal, self.merchant = terminal, merchant
        self.batch, self.trace = 1, _clock_trace()
        self.mode = ""
        self._tmk = tmk
        self._keys: tuple[bytes, ...] = (b"", b"", b"")
        self._where = where
        self._sock: socket.socket | None = None

    def __enter__(self) -> "Session":
        where = self._where
        try:
            self._sock = socket.create_connection((where.host, where.port), where.timeout)
            if where.tls is not None:
                self._sock = where.tls.wrap_socket(self._sock, server_hostname=where.host)
        except ssl.SSLError as error:
            self.__exit__(None, None, None)
            raise NoAnswer(f"no TLS with {where.host}: {_tls_words(error)}") from None
        except OSError as error:
            raise NoAnswer(f"{where.host}:{where.port}: {error.strerror or error}") from None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._sock is not None:
            self._sock.close()
            self._sock = None

    @property
    def mak(self) -> bytes | None:
        """The MAC key, None before a sign-in."""
        return self._keys[1] or None

    @property
    def sm4(self) -> bool:
        """Whether the working keys are SM4's."""
        return self.mode == "005"

    def next_trace(self) -> str:
        """The trace of the next message, six digits."""
        self.trace = self.trace % 999_999 + 1
        return f"{self.trace:06d}"

    def sign_in(self, mode: str = "003") -> Exchange:
        """Get working keys; takes over the host's batch number. Raises BadKeys, NoAnswer."""
        row = by_name("sign_in")
        assert row is not None
        fields = {
            11: self.next_trace(),
            60: unionpay.field60("00", self.batch, mode),
            62: b"Sequence No%02d" % (len(SERIAL) + 4) + b"3136" + SERIAL,
            63: "01 ",
        }
        done = self.send(row, fields)
        if done.approved and not done.faults:
            batch = str(done.fields.get(60, ""))[2:8]
            if batch.isdigit() and 1 <= int(batch) <= 999_998:
                self.batch = int(batch)
            self._take_keys(mode, done.fields.get(62, b""))
        return done

    def _take_keys(self, mode: str, wrapped: bytes) -> None:
        sizes = _KEY_SIZES[mode]
        slot = 8 if mode == "001" else 16
        if len(wrapped) != (slot + 4) * sum(1 for size in sizes if size):
            raise BadKeys(f"F62 of {len(wrapped)} bytes cannot hold the working keys")
        keys = []
        for at, size in enumerate(sizes):
            group = wrapped[at * (slot + 4) : (at + 1) * (slot + 4)]
            if slot == 16 and size == 8 and any(group[8:16]):
                size = 16  # an acquirer whose MAC is 3DES
            key = self._ecb(mode, self._tmk, group[:size], decrypt=True)
            if (
                size
                and self._ecb(mode, key, bytes(16 if mode == "005" else 8))[:4] != group[slot:]
            ):
                raise BadKeys(f"check value of {('PIK', 'MAK', 'TDK')[at]}: another TMK?")
            keys.append(key)
        self.mode, self._keys = mode, tuple(keys)

    def _ecb(self, mode: str, key: bytes, data: bytes, decrypt: bool = False) -> bytes:
        if mode == "005":
            cipher = Cipher(algorithms.SM4(key), modes.ECB())
            context = cipher.decryptor() if decrypt else cipher.encryptor()
            return context.update(data) + context.finalize()
        des = Des(key)
        crypt = des.decrypt if decrypt else des.encrypt
        return b"".join(bytes(crypt(data[at : at + 8])) for at in range(0, len(data), 8))

    def pin_fields(self, pan: str, pin: str) -> dict[int, Any]:
        """F26, F53 and the PIN block in F52 (DES) or F59 (SM4). ValueError for a PIN that is none.

        SM4: 16 bytes, the block of format 0 with the PAN part left-zero filled to 16 bytes
        (reference, section 7).
        """
        pik = self._keys[0]
        if not self.sm4:
            digits = bytearray(pin.encode())
            block = pin_block.encrypt(pik, digits, pan)
            return {26: "12", 52: block, 53: ("26" if len(pik) == 16 else "20") + "0" * 14}
        if not (pin.isdigit() and 4 <= len(pin) <= 12):
            raise ValueError("PIN length")
        clear = int(f"0{len(pin):X}{pin}".ljust(32, "F"), 16)
        block = (clear ^ int(pan[-13:-1], 16)).to_bytes(16, "big")
        sealed = self._ecb("005", pik, block)
        return {26: "12", 53: "23" + "0" * 14, 59: b"A1016" + sealed}

    def send(self, kind: Kind, fields: dict[int, Any], mac_wanted: bool | None = None) -> Exchange:
        """Send a message of this terminal and judge the answer. Raises NoAnswer and BadBytes."""
        fields = {41: self.terminal, 42: self.merchant, **fields}
        sealed = kind.mac if mac_wanted is None else mac_wanted
        if sealed:
            fields[64] = bytes(8)
        message = iso8583.pack(unionpay.PROFILE, kind.mti, fields)
        if sealed:
            self.seal(message)
        request = unionpay.frame(TPDU, HEADER, bytes(message))
        answer = self._exchange(request)
        try:
            _, _, body = unionpay.unframe(answer)
            mti, got = iso8583.unpack(unionpay.PROFILE, body)
        except BadBytes as error:
            return Exchange(kind, request, answer, {}, [f"cannot be read: {error}"], self.mak)
        faults = list(_differences(kind, fields, mti, got))
        if got.get(39) == "00" and sealed and not self._genuine(bytes(body), got):
            faults.append("its MAC is absent or wrong")
        return Exchange(kind, request, answer, got, faults, self.mak if sealed else None)

    def seal(self, message: bytearray) -> None:
        """Put the MAC into a packed message. Raises NoAnswer before a sign-in."""
        mak = self._keys[1]
        if not mak:
            raise NoAnswer("not signed in: there is no key for the MAC")
        if self.sm4:
            message[-8:] = mac_steps.steps(mak, bytes(message), sm4=True).mac
        else:
            mac.seal(mak, message)

    def _genuine(self, message: bytes, got: dict[int, Any]) -> bool:
        mak = self._keys[1]
        return 64 in got and mac_steps.steps(mak, message, self.sm4).equal

    def _exchange(self, request: bytes) -> bytes:
        sock = self._sock
        assert sock is not None, "not connected"
        try:
            sock.sendall(request)
            head = self._exactly(sock, 2)
            return head + self._exactly(sock, unionpay.body_length(head))
        except BadBytes as error:
            raise NoAnswer(f"what came is no frame: {error}") from None
        except TimeoutError:
            raise NoAnswer(f"no answer within {self._where.timeout:g} s") from None
        except ssl.SSLError as error:
            raise NoAnswer(f"TLS ended: {_tls_words(error)}") from None
        except OSError as error:
            raise NoAnswer(f"the connection broke: {error.strerror or error}") from None

    def _exactly(self, sock: socket.socket, count: int) -> bytes:
        data = b""
        while len(data) < count:
            more = sock.recv(count - len(data))
            if not more:
                raise NoAnswer("the host closed the connection without an answer")
            data += more
        return data


def _tls_words(error: ssl.SSLError) -> str:
    return getattr(error, "verify_message", None) or error.reason or str(error)


def _clock_trace() -> int:
    """A trace that grows during a day, so that two calls do not repeat each other's."""
    now = datetime.now()
    return (now.hour * 3600 + now.minute * 60 + now.second) * 10 + now.microsecond // 100_000


def _differences(kind: Kind, sent: dict[int, Any], mti: str, got: dict[int, Any]):
    """What an answer must repeat and does not (reference, section 9)."""
    if mti != unionpay.response_mti(kind.mti):
        yield f"its MTI is {mti}"
    for number in _ECHOED:
        if number in sent and got.get(number) != sent[number]:
            yield f"F{number} is not that of the request"
    if got.get(39) == "00":
        for number in (42, 4):
            if number in sent and number in got and got[number] != sent[number]:
                yield f"F{number} is not that of the request"
    if 39 not in got:
        yield "it has no response code"


__all__ = ["BadKeys", "Exchange", "NoAnswer", "Session", "Where"]
