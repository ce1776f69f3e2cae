"""One payment application of a card: qPBOC (EMV Book C-7) with an online cryptogram.

[M], from memory: the status words for a PDOL of the wrong length and for a reader without qPBOC.
"""

from dataclasses import dataclass, field

from host_tools.vboard.cards import apdu, ber, cryptogram
from host_tools.vboard.cards.apdu import Refusal

_QPBOC_READER = 0x20  # TTQ byte 1
_DECISIONS = {"online": (0x80, 0xA0), "decline": (0x00, 0x80)}  # CID, CVR byte 2


def mask(pan: str) -> str:
    """First six and last four digits."""
    return f"{pan[:6]}{'*' * (len(pan) - 10)}{pan[-4:]}"


@dataclass(repr=False, eq=False)
class Application:
    """What personalisation has put in, and the transaction counter."""

    aid: bytes
    label: str
    pan: str
    psn: str
    expiry: str  # YYMM
    service_code: str
    key: bytes  # ICC master key for cryptograms
    pdol: bytes
    aip: bytes
    ctq: bytes
    priority: int = 1
    kernel: bytes = b""  # 9F2A in the directory entry
    discretionary: str = "00000"
    decision: str = "online"
    dki: int = 1
    cvn: int = 1
    fci: dict[str, bytes] = field(default_factory=dict)
    records: dict[tuple[int, int], dict[str, bytes]] = field(default_factory=dict)
    atc: int = 0
    initiated: bool = False

    def __repr__(self) -> str:
        return f"<Application {self.label} {mask(self.pan)}>"

    def directory_entry(self) -> bytes:
        """Its entry 61 in the PPSE."""
        objects = {"4F": self.aid, "50": self.label.encode(), "87": bytes([self.priority])}
        if self.kernel:
            objects["9F2A"] = self.kernel
        return ber.tlv("61", ber.tlvs(objects))

    def select(self) -> bytes:
        """Answer SELECT with the FCI; a transaction may begin."""
        self.initiated = False
        inner = {"50": self.label.encode(), "87": bytes([self.priority]), "9F38": self.pdol}
        proprietary = ber.tlv("A5", ber.tlvs({**inner, **self.fci}))
        return ber.tlv("6F", ber.tlv("84", self.aid) + proprietary)

    def get_processing_options(self, data: bytes) -> bytes:
        """Answer GPO whose data field is ``data`` (template 83) with format 2 (template 77)."""
        if self.initiated or self.atc == 0xFFFF:
            raise Refusal(apdu.CONDITIONS_NOT_SATISFIED)
        entries = ber.dol(self.pdol)
        wanted = sum(length for _, length in entries)
        if data[:2] != bytes([0x83, wanted]) or len(data) != wanted + 2:
            raise Refusal(apdu.WRONG_LENGTH)
        values, at = {}, 2
        for tag, length in entries:
            values[tag] = data[at : at + length]
            at += length
        if not values["9F66"][0] & _QPBOC_READER:
            raise Refusal(apdu.CONDITIONS_NOT_SATISFIED)
        self.initiated = True
        self.atc += 1
        return ber.tlv("77", ber.tlvs(self._processing_options(values)))

    def _processing_options(self, values: dict[str, bytes]) -> dict[str, bytes]:
        cid, decided = _DECISIONS[self.decision]
        cvr = bytes([0x03, decided, 0x00, 0x00])
        values = {**values, "82": self.aip, "9F36": self.atc.to_bytes(2, "big")}
        return {
            "82": self.aip,
            "94": self.afl(),
            "9F36": values["9F36"],
            "9F26": cryptogram.generate(self.key, values, cvr),
            "9F27": bytes([cid]),
            "9F10": bytes([0x07, self.dki, self.cvn]) + cvr + b"\x01",
            "57": self.track2(),
            "5F34": bytes.fromhex(self.psn),
            "9F6C": self.ctq,
        }

    def afl(self) -> bytes:
        """The application file locator: one entry for each run of records; none is signed."""
        entries: list[list[int]] = []
        for sfi, number in sorted(self.records):
            if entries and entries[-1][0] == sfi << 3 and entries[-1][2] == number - 1:
                entries[-1][2] = number
            else:
                entries.append([sfi << 3, number, number, 0])
        return b"".join(bytes(entry) for entry in entries)

    def track2(self) -> bytes:
        """Track 2 equivalent data (57): PAN D YYMM service code discretionary data, F if odd."""
        digits = f"{self.pan}D{self.expiry}{self.service_code}{self.discretionary}"
        return bytes.fromhex(digits + "F" * (len(digits) % 2))

    def read_record(self, sfi: int, number: int) -> bytes:
        """Record ``number`` of file ``sfi`` as template 70."""
        if not self.initiated:
            raise Refusal(apdu.CONDITIONS_NOT_SATISFIED)
        if sfi not in {known for known, _ in self.records}:
            raise Refusal(apdu.FILE_NOT_FOUND)
        if (sfi, number) not in self.records:
            raise Refusal(apdu.RECORD_NOT_FOUND)
        return ber.tlv("70", ber.tlvs(self.records[sfi, number]))
