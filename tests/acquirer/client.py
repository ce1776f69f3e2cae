"""A terminal for the tests: its own table for pyiso8583, its own DES, MAC, PIN block and card.

It shares nothing with the host's code nor the firmware's, so that a wrong idea of one side shows.
"""

import socket
from dataclasses import dataclass, field

import iso8583
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from pyemv import ac, kd, tools

TPDU, HEADER = bytes.fromhex("6000030000"), bytes.fromhex("603100310000")
TMK = bytes.fromhex("11111111111111112222222222222222")
MERCHANT = "898100012340001"
PAN, PSN, EXPIRY, PIN = "6212345678901232", "01", "3012", "123456"
IMK = bytes.fromhex("2315208C9110AD4040AD10918C201523")


def _spec() -> dict:
    def n(most, lengths=0, **more):
        pad = {"right_pad": "0"} if lengths else {"left_pad": "0"}
        nibbles = {"len_count": "nibbles", "max_len": most, "len_type": lengths, "data_enc": "b"}
        return {"len_enc": "bcd", **nibbles, **pad, **more}

    def text(most, lengths=0):
        return {"data_enc": "latin-1", "len_enc": "bcd", "len_type": lengths, "max_len": most}

    def raw(most, lengths=0):
        return text(most, lengths) | {"data_enc": "b"}

    spec = {"h": raw(0), "t": raw(2), "p": raw(8)}
    sizes = {3: 6, 4: 12, 11: 6, 12: 6, 13: 4, 14: 4, 15: 4, 23: 3, 25: 2, 26: 2, 53: 16}
    spec |= {str(number): n(size) for number, size in sizes.items()}
    spec["22"] = {key: value for key, value in n(3, right_pad="0").items() if key != "left_pad"}
    lengths = {2: (19, 1), 32: (11, 1), 35: (37, 1), 48: (322, 2), 60: (30, 2), 61: (29, 2)}
    spec |= {str(number): n(*row) for number, row in lengths.items()}
    texts = {37: (12,), 38: (6,), 39: (2,), 41: (8,), 42: (15,), 44: (25, 1), 49: (3,)}
    texts |= {63: (163, 2), 64: (8,)}
    spec |= {str(number): text(*row) for number, row in texts.items()}
    spec |= {"54": text(20, 2)}
    return spec | {"52": raw(8), "55": raw(255, 2), "62": raw(512, 2)}


SPEC = _spec()


# kind -> MTI, F3, F25, F60.1
KINDS = {
    "sale": ("0200", "000000", "00", "22"),
    "void": ("0200", "200000", "00", "23"),
    "refund": ("0220", "200000", "00", "25"),
    "balance": ("0200", "310000", "00", "01"),
    "preauth": ("0100", "030000", "06", "10"),
    "preauth_void": ("0100", "200000", "06", "11"),
    "preauth_add": ("0100", "030000", "60", "10"),
    "completion": ("0200", "000000", "06", "20"),
    "completion_void": ("0200", "200000", "06", "21"),
    "notice": ("0220", "000000", "06", "24"),
    "offline": ("0220", "000000", "00", "30"),
    "ec_sale": ("0220", "000000", "00", "36"),
    "adjust": ("0220", "000000", "00", "32"),
    "tip": ("0220", "000000", "00", "34"),
    "instalment": ("0200", "000000", "64", "22"),
    "instalment_void": ("0200", "200000", "64", "23"),
}
CHIP = ("sale", "balance", "preauth", "preauth_add", "instalment", "ec_sale")
BY_NUMBER = ("void", "completion_void", "instalment_void", "adjust", "tip")
BY_CODE = ("preauth_void", "completion", "notice")


def des(key: bytes, data: bytes, decrypt: bool = False) -> bytes:
    cipher = Cipher(TripleDES(key * 3 if len(key) == 8 else key + key[:8]), modes.ECB())
    context = cipher.decryptor() if decrypt else cipher.encryptor()
    return context.update(data) + context.finalize()


def pos_mac(mak: bytes, data: bytes) -> str:
    data += bytes(-len(data) % 8)
    folded = bytes(8)
    for at in range(0, len(data), 8):
        folded = tools.xor(folded, data[at : at + 8])
    text = folded.hex().upper().encode()
    return des(mak, tools.xor(des(mak, text[:8]), text[8:])).hex().upper()[:8]


def pin_block(pik: bytes, pin: str, pan: str) -> str:
    clear = bytes.fromhex(f"0{len(pin)}{pin}".ljust(16, "F"))
    return des(pik, tools.xor(clear, bytes.fromhex("0000" + pan[-13:-1]))).hex()


def chip_data(amount: int, pan=PAN, psn=PSN, imk=IMK, atc=1, **changes: str) -> str:
    """Field 55 of a contactless sale in the order of the dialect; ``changes``: t9F27="40"."""
    tags = {"9F27": "80", "9F10": "07010103A0000001", "9F37": "A1B2C3D4", "9F36": f"{atc:04X}"}
    tags |= {"95": "0000000000", "9A": "261123", "9C": "00", "9F02": f"{amount:012d}"}
    tags |= {"5F2A": "0156", "82": "7C00", "9F1A": "0156", "9F03": "0" * 12, "9F33": "E0E1C8"}
    counter = bytes.fromhex(tags["9F36"])
    master = kd.derive_icc_mk_a(imk, pan, psn)
    session = tools.encrypt_tdes_ecb(master, bytes(6) + counter)
    session += tools.encrypt_tdes_ecb(master, bytes(6) + tools.xor(counter, b"\xff\xff"))
    order = ["9F02", "9F03", "9F1A", "95", "5F2A", "9A", "9C", "9F37", "82", "9F36"]
    signed = bytes.fromhex("".join(tags[tag] for tag in order) + "03A00000")
    cryptogram = ac.generate_ac(session, signed, ac.PaddingType.EMV).hex().upper()
    tags = {"9F26": cryptogram, **tags} | {name[1:]: value for name, value in changes.items()}
    return "".join(f"{tag}{len(value) // 2:02X}{value}" for tag, value in tags.items() if value)


@dataclass
class Done:
    """A transaction as it was sent, and what the host said."""

    kind: str
    fields: dict[int, str]
    reply: dict

    @property
    def code(self) -> str:
        return self.reply[39]


@dataclass
class Client:
    """One terminal on one connection. Fields are pyiso8583's strings by number."""

    port: int
    terminal: str = "12345678"
    merchant: str = MERCHANT
    batch: str = "000001"
    trace: int = 0
    pik: bytes = b""
    mak: bytes = b""
    tdk: bytes = b""
    sock: socket.socket | None = field(default=None, repr=False)

    def connect(self) -> "Client":
        self.close()
        self.sock = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        return self

    def close(self) -> None:
        if self.sock is not None:
            self.sock.close()
            self.sock = None

    def __enter__(self) -> "Client":
        return self.connect()

    def __exit__(self, *_) -> None:
        self.close()

    def pack(self, mti: str, fields: dict[int, str], mac: bool = False) -> bytes:
        document = {"t": mti, **{str(number): value for number, value in fields.items()}}
        if mac:
            document["64"] = "0" * 8
        raw, _ = iso8583.encode(document, SPEC)
        raw = bytes(raw)
        if mac:
            raw = raw[:-8] + pos_mac(self.mak, raw[:-8]).encode()
        body = TPDU + HEADER + raw
        return len(body).to_bytes(2, "big") + body

    def send(self, frame: bytes) -> None:
        self.sock.sendall(frame)

    def receive(self) -> dict[int | str, str]:
        """The next reply; raises EOFError when the host closed. ``mac_ok``: F64 is right."""
        body = self._exactly(int.from_bytes(self._exactly(2), "big"))
        assert body[:5] == TPDU[:1] + TPDU[3:] + TPDU[1:3], "TPDU not swapped"
        raw = body[11:]
        document, _ = iso8583.decode(raw, SPEC)
        reply = {int(key) if key.isdigit() else key: value for key, value in document.items()}
        if 64 in reply:
            reply["mac_ok"] = reply[64] == pos_mac(self.mak, raw[:-8])
        return reply

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            more = self.sock.recv(count - len(data))
            if not more:
                raise EOFError(len(data))
            data += more
        return data

    def exchange(self, mti: str, fields: dict[int, str], mac: bool = False) -> dict:
        self.send(self.pack(mti, fields, mac))
        return self.receive()

    def next_trace(self) -> str:
        self.trace += 1
        return f"{self.trace:06d}"

    def sign_in(self, code: str = "003") -> dict:
        fields = {11: self.next_trace(), 41: self.terminal, 42: self.merchant}
        fields |= {60: "00" + self.batch + code, 62: b"Sequence No12313600000001".hex(), 63: "01 "}
        reply = self.exchange("0800", fields)
        if reply[39] == "00":
            self.batch = reply[60][2:8]
            self.take_keys(bytes.fromhex(reply[62]))
        return reply

    def take_keys(self, wrapped: bytes) -> None:
        """Unwrap and compare the check values, as a terminal must."""
        size = 8 if len(wrapped) == 24 else 16
        groups = [wrapped[at : at + size + 4] for at in range(0, len(wrapped), size + 4)]
        keys = []
        for index, group in enumerate(groups):
            used = 8 if index == 1 else size
            assert group[used:size] == bytes(size - used), "MAK not filled with zeros"
            keys.append(des(TMK, group[:used], decrypt=True))
            assert des(keys[-1], bytes(8))[:4] == group[size:], "check value"
        self.pik, self.mak, self.tdk = (*keys, b"")[:3]

    def sale_fields(self, amount: int, pin: str | None = PIN, **changes: str) -> dict[int, str]:
        """A contactless sale; ``changes``: f4="..." replaces, f26="" drops a field."""
        fields = {2: PAN, 3: "000000", 4: f"{amount:012d}", 11: self.next_trace(), 14: EXPIRY}
        fields |= {22: "071" if pin else "072", 23: "0" + PSN, 25: "00", 41: self.terminal}
        fields |= {42: self.merchant, 49: "156", 55: chip_data(amount)}
        fields[60] = f"22{self.batch}000600"
        if pin:
            block = pin_block(self.pik, pin, changes.get("f2") or PAN)
            fields |= {26: "12", 52: block, 53: "2600000000000000"}
        fields |= {int(name[1:]): value for name, value in changes.items()}
        return {number: value for number, value in fields.items() if value}

    def sale(self, amount: int, pin: str | None = PIN, **changes: str) -> dict:
        return self.exchange("0200", self.sale_fields(amount, pin, **changes), mac=True)

    def reversal_fields(self, sale: dict[int, str], reason: str = "98") -> dict[int, str]:
        kept = (2, 3, 4, 11, 14, 22, 23, 25, 41, 42, 49, 60)
        return {number: sale[number] for number in kept if number in sale} | {39: reason}

    def reverse(self, sale: dict[int, str], **changes: str) -> dict:
        fields = self.reversal_fields(sale) | {int(k[1:]): v for k, v in changes.items()}
        return self.exchange("0400", fields, mac=True)

    def fields_of(self, kind: str, amount: int, of: Done | None = None, **changes) -> dict:
        """The request of a kind; ``of``: what it voids, completes, refunds or changes.

        Kinds that need the chip have it; the others are typed in by hand. ``changes`` as in
        sale_fields, with ``moto=True``: nobody is there.
        """
        _, f3, f25, message = KINDS[kind]
        moto = changes.pop("moto", False)
        chip = kind in CHIP and not moto
        if moto:
            f25 = "18" if f25 in ("06", "60") else "08"
        fields = {2: PAN, 3: f3, 4: f"{amount:012d}", 11: self.next_trace(), 14: EXPIRY}
        fields |= {22: "072" if chip else "012", 25: f25, 41: self.terminal, 42: self.merchant}
        fields |= {49: "156", 60: f"{message}{self.batch}000{'6' if chip else '0'}00"}
        if chip:
            more = {"t9F27": "40", "t8A": "5931"} if kind == "ec_sale" else {}
            money = 0 if kind == "balance" else amount
            fields |= {23: "0" + PSN, 55: chip_data(money, **more)}
        if kind == "balance":
            del fields[4]
        if kind == "instalment":
            fields[62] = f"06{'':30}0".encode().hex()
        if kind == "offline":
            fields[38] = "VOICE1"
        fields |= self._naming(kind, of)
        fields |= {int(name[1:]): value for name, value in changes.items()}
        return {number: value for number, value in fields.items() if value}

    def _naming(self, kind: str, of: Done | None) -> dict[int, str]:
        if of is None:
            return {}
        day = of.reply[13]
        number = of.fields[60][2:8] + of.fields[11]
        if kind == "refund":
            return {37: of.reply[37], 61: "0" * 12 + day, 63: "CUP"}
        if kind == "preauth_add":
            return {38: of.reply[38], 61: "0" * 16}
        if kind in BY_CODE:
            return {38: of.reply[38], 61: number + day}
        f61 = number + day if kind == "completion_void" else number
        return {37: of.reply[37], 38: of.reply[38], 61: f61}

    def do(self, kind: str, amount: int, of: Done | None = None, **changes) -> Done:
        fields = self.fields_of(kind, amount, of, **changes)
        return Done(kind, fields, self.exchange(KINDS[kind][0], fields, mac=True))

    def again(self, done: Done, **changes: str) -> Done:
        """The same message once more, or with changes."""
        fields = done.fields | {int(name[1:]): value for name, value in changes.items()}
        return Done(done.kind, fields, self.exchange(KINDS[done.kind][0], fields, mac=True))

    def undo(self, done: Done) -> str:
        """Reverse it; the response code."""
        return self.reverse(done.fields)[39]
