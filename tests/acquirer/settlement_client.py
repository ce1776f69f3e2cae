"""What a terminal does besides payments: settlement, batch upload, downloads, SM4 keys.

As client.py, it shares nothing with the host's code.
"""

from dataclasses import dataclass

from client import PAN, SPEC, TMK, Client, chip_data, des
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from pyemv import tools

SPEC.setdefault("59", {"data_enc": "latin-1", "len_enc": "bcd", "len_type": 2, "max_len": 600})
TOTALS_OF_NONE = "0" * 62


def sm4(key: bytes, data: bytes, decrypt: bool = False) -> bytes:
    cipher = Cipher(SM4(key), modes.ECB())
    context = cipher.decryptor() if decrypt else cipher.encryptor()
    return context.update(data) + context.finalize()


def sm4_mac(mak: bytes, data: bytes) -> str:
    data += bytes(-len(data) % 16)
    folded = bytes(16)
    for at in range(0, len(data), 16):
        folded = tools.xor(folded, data[at : at + 16])
    text = folded.hex().upper().encode()
    return sm4(mak, tools.xor(sm4(mak, text[:16]), text[16:])).hex().upper()[:8]


def sm4_pin_field(pik: bytes, pin: str, pan: str) -> str:
    """Field 59 with the PIN block."""
    clear = bytes.fromhex(f"{len(pin):02X}{pin}".ljust(32, "F"))
    block = sm4(pik, tools.xor(clear, bytes.fromhex(pan[-13:-1].rjust(32, "0"))))
    return "A1016" + block.decode("latin-1")


def item(trace: str, amount: int, pan: str = PAN) -> str:
    return f"00{trace}{pan:0>20}{amount:012d}"


def totals(debit=0, debits=0, credit=0, credits=0) -> str:
    return f"{debit:012d}{debits:03d}{credit:012d}{credits:03d}0" + "0" * 31


@dataclass
class Manager(Client):
    """``action``: digit P of the last answer."""

    key_mode: str = ""
    body: bytes = b""

    @property
    def action(self) -> str:
        return self.body[5:11].hex()[5]

    def _exactly(self, count: int) -> bytes:
        data = super()._exactly(count)
        self.body = data
        return data

    def pack(self, mti: str, fields: dict[int, str], mac: bool = False) -> bytes:
        frame = super().pack(mti, fields, mac)
        if mac and self.key_mode == "005":
            return frame[:-8] + sm4_mac(self.mak, frame[13:-8]).encode()
        return frame

    def receive(self) -> dict:
        reply = super().receive()
        if 64 in reply and self.key_mode == "005":
            reply["mac_ok"] = reply[64] == sm4_mac(self.mak, self.body[11:-8])
        return reply

    def sign_in(self, code: str = "003") -> dict:
        self.key_mode = code
        return super().sign_in(code)

    def take_keys(self, wrapped: bytes) -> None:
        if self.key_mode == "005":
            groups = [wrapped[at : at + 20] for at in range(0, 60, 20)]
            keys = [sm4(TMK, group[:16], decrypt=True) for group in groups]
            for key, group in zip(keys, groups, strict=True):
                assert sm4(key, bytes(16))[:4] == group[16:], "check value"
            self.pik, self.mak, self.tdk = keys
        elif len(wrapped) >= 40 and any(wrapped[28:36]):
            groups = [wrapped[at : at + 20] for at in range(0, len(wrapped), 20)]
            keys = [des(TMK, group[:16], decrypt=True) for group in groups]
            for key, group in zip(keys, groups, strict=True):
                assert des(key, bytes(8))[:4] == group[16:], "check value"
            self.pik, self.mak, self.tdk = (*keys, b"")[:3]
        else:
            super().take_keys(wrapped)

    def manage(self, mti: str, code: str, kind: str = "00", **changes: str) -> dict:
        """A message without money; ``changes`` as of ``sale_fields``."""
        fields = {41: self.terminal, 42: self.merchant, 60: kind + self.batch + code}
        fields |= {int(name[1:]): value for name, value in changes.items()}
        return self.exchange(mti, {number: value for number, value in fields.items() if value})

    def ask_for(self, mti: str, code: str, what: bytes = b"") -> bytes:
        """Field 62 of the answer to a download."""
        reply = self.manage(mti, code, f62=what.hex())
        assert reply[39] == "00"
        return bytes.fromhex(reply.get(62, ""))

    def settle(self, text: str, **changes: str) -> dict:
        fields = {"f11": self.next_trace(), "f48": text, "f49": "156", "f63": "01 "} | changes
        return self.manage("0500", "201", **fields)

    def upload(self, *items: str, **changes: str) -> dict:
        fields = {"f11": self.next_trace(), "f48": f"{len(items):02d}" + "".join(items)}
        return self.manage("0320", "201", **(fields | changes))

    def upload_chip(self, trace: str, amount: int, code: str = "203", **changes: str) -> dict:
        fields = {"f2": PAN, "f4": f"{amount:012d}", "f11": trace, "f22": "071", "f23": "001"}
        text = f"610000{amount:012d}156" if code in ("203", "205") else f"710005{amount:012d}15622"
        fields |= {"f55": chip_data(amount), "f62": text.encode().hex()}
        return self.manage("0320", code, **(fields | changes))

    def upload_advice(self, kind: str, trace: str, amount: int, **changes: str) -> dict:
        f3 = "200000" if kind == "25" else "000000"
        fields = {"f2": PAN, "f3": f3, "f4": f"{amount:012d}", "f11": trace, "f22": "012"}
        fields |= {"f25": "00", "f49": "156"}
        return self.manage("0320", "000", kind, **(fields | changes))

    def end(self, count: int, code: str = "207", **changes: str) -> dict:
        fields = {"f11": self.next_trace(), "f48": f"{count:04d}"}
        return self.manage("0320", code, **(fields | changes))
