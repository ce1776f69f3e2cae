"""What an issuer may do to a card: the commands of its scripts, which carry a MAC.

EMV Book 3, 6.5 (commands) and Book 2, 9 (secure messaging, format 2). The MAC covers the header,
counter and cryptogram of the last online transaction, and the data; 4 bytes of it are sent.
[M], from memory: UnionPay's session key and that of a PIN, the PIN block, status words.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from pyemv import ac, cvn, kd, sm, tools

from host_tools.vboard.cards import apdu, cryptogram
from host_tools.vboard.cards.apdu import Command, Refusal

MAC_SIZE = 4
PIN_TRIES = 3
BLOCK, UNBLOCK, CARD_BLOCK, PIN = 0x1E, 0x18, 0x16, 0x24  # of class 84
PUT_DATA = 0xDA  # of class 04
_PADDED_PIN = 16  # length 8, the block, 80 and zeros

# header, counter, cryptogram, data -> MAC of 8 bytes
Mac = Callable[[bytes, bytes, bytes, bytes], bytes]
# counter, cryptogram, issuer authentication data (91) -> whether it is the issuer's
Check = Callable[[bytes, bytes, bytes], bool]


@dataclass(frozen=True, repr=False)
class Issuer:
    """The issuer's keys as one card has them: its MAC, its answer (91), the key of a new PIN."""

    mac: Mac
    check: Check
    pin_key: Callable[[bytes], bytes]


def issuer(kind: str, version: int, imk: bytes, pan: str, psn: str) -> Issuer | None:
    """For a card of ``kind`` and cryptogram ``version``; None: M/Chip takes nothing here (C-2)."""
    key = cryptogram.icc_key(imk, pan, psn)
    if kind == "qpboc":
        return Issuer(
            lambda head, atc, arqc, data: sm.generate_command_mac(
                cryptogram.session_key(key, atc), head + atc + arqc + data
            ),
            lambda atc, arqc, told: (
                told
                == ac.generate_arpc_1(cryptogram.session_key(key, atc), arqc, told[8:]) + told[8:]
            ),
            lambda atc: cryptogram.session_key(key, atc),
        )
    if kind != "qvsdc":
        return None
    visa = (cvn.VisaCVN10 if version == 10 else cvn.VisaCVN18)(imk, imk, imk, pan, psn)

    def check(atc: bytes, arqc: bytes, told: bytes) -> bool:
        if isinstance(visa, cvn.VisaCVN10):
            return told == visa.generate_arpc(arqc, told[8:]) + told[8:]
        return told == visa.generate_arpc(arqc, atc, told[4:8]) + told[4:]

    return Issuer(
        lambda head, atc, arqc, data: visa.generate_command_mac(head, arqc, atc, data),
        check,
        lambda atc: kd.derive_visa_sm_sk(visa.icc_mk_smc, atc),
    )


@dataclass(repr=False, eq=False)
class Issued:
    """What commands of the issuer change, and the transaction that they belong to.

    All of it outlives the field; ``last`` is counter and cryptogram of the newest transaction, if
    that went online.
    """

    issuer: Issuer | None = None
    last: tuple[bytes, bytes] | None = None
    blocked: bool = False  # the application
    dead: bool = False  # the card
    pin: str = ""  # the newest that the issuer has sent
    pin_tries: int = PIN_TRIES
    data: dict[str, bytes] = field(default_factory=dict)  # what PUT DATA may change

    def authenticate(self, command: Command) -> bytes:
        """EXTERNAL AUTHENTICATE. Raises Refusal(6300) for an answer that is not the issuer's."""
        keys, (atc, arqc) = self._now()
        if not 8 <= len(command.data) <= 16:
            raise Refusal(apdu.WRONG_LENGTH)
        if not keys.check(atc, arqc, command.data):
            raise Refusal(apdu.AUTHENTICATION_FAILED)
        return b""

    def carry_out(self, command: Command) -> bytes:
        """A command with a MAC. Raises Refusal: 6985 nothing was online, 6988 the MAC is wrong."""
        keys, (atc, arqc) = self._now()
        data, mac = command.data[:-MAC_SIZE], command.data[-MAC_SIZE:]
        if len(command.data) < MAC_SIZE:
            raise Refusal(apdu.MAC_MISSING)
        head = bytes([command.cla, command.ins, command.p1, command.p2, len(command.data)])
        if keys.mac(head, atc, arqc, data)[:MAC_SIZE] != mac:
            raise Refusal(apdu.MAC_WRONG)
        if (command.cla, command.ins) == (0x04, PUT_DATA):
            tag = f"{command.p1 << 8 | command.p2:X}"
            if tag not in self.data:
                raise Refusal(apdu.DATA_NOT_FOUND)
            if len(data) != len(self.data[tag]):
                raise Refusal(apdu.WRONG_LENGTH)
            self.data[tag] = data
        elif command.ins == PIN:
            self._new_pin(command, keys.pin_key(atc), data)
        elif command.p1 or command.p2 or data:
            raise Refusal(apdu.WRONG_P1P2)
        elif command.ins == CARD_BLOCK:
            self.dead = True
        else:
            self.blocked = command.ins == BLOCK
        return b""

    def _new_pin(self, command: Command, key: bytes, data: bytes) -> None:
        """PIN CHANGE/UNBLOCK: P2 00 gives the tries back, 02 brings a new PIN as well."""
        if command.p1 or command.p2 not in (0x00, 0x02):
            raise Refusal(apdu.WRONG_P1P2)
        if len(data) != (_PADDED_PIN if command.p2 else 0):
            raise Refusal(apdu.WRONG_LENGTH)
        if data:
            decryptor = Cipher(TripleDES(key + key[:8]), modes.ECB()).decryptor()
            clear = decryptor.update(data) + decryptor.finalize()
            block = clear[1:9].hex()
            size = int(block[1], 16)
            pin = block[2 : 2 + size]
            right = clear[0] == 8 and clear[9:] == b"\x80" + bytes(6) and block[0] == "2"
            if not right or not 4 <= size <= 12 or not pin.isdigit():
                raise Refusal(apdu.MAC_WRONG)
            self.pin = pin
        self.pin_tries = PIN_TRIES

    def _now(self) -> tuple[Issuer, tuple[bytes, bytes]]:
        if self.issuer is None or self.last is None:
            raise Refusal(apdu.CONDITIONS_NOT_SATISFIED)
        return self.issuer, self.last


def pin_data(key: bytes, pin: str) -> bytes:
    """The data of a PIN CHANGE, encrypted by ``key``; for whoever plays the issuer."""
    block = bytes.fromhex(f"2{len(pin):X}{pin}".ljust(16, "F"))
    return tools.encrypt_tdes_ecb(key, b"\x08" + block + b"\x80" + bytes(6))
