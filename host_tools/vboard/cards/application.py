"""What every payment application of a card has: its data, its files, its counter.

How it answers GET PROCESSING OPTIONS and GENERATE AC is its kind's: ``quick`` and ``mchip``.
"""

from dataclasses import dataclass, field

from host_tools.vboard.cards import apdu, ber
from host_tools.vboard.cards.apdu import Command, Refusal
from host_tools.vboard.cards.cryptogram import Maker
from host_tools.vboard.cards.issuing import Issued, Issuer
from host_tools.vboard.cards.oda import Oda, Records

ONLINE, OFFLINE, DECLINE = "online", "offline", "decline"
CID = {ONLINE: 0x80, OFFLINE: 0x40, DECLINE: 0x00}
_AIP_TAG_LIST = b"\x82"


def mask(pan: str) -> str:
    """First six and last four digits."""
    return f"{pan[:6]}{'*' * (len(pan) - 10)}{pan[-4:]}"


@dataclass(repr=False, eq=False, kw_only=True)
class Application:
    """What personalisation has put in, and the transaction counter.

    ``decision`` is what the card wants: "online", "offline" up to ``offline_limit`` fen where the
    reader lets it, or "decline". ``signed`` names the records that certificates cover;
    ``leave_out`` the tags that it keeps to itself; ``gpo_format`` 1 answers with template 80.
    """

    aid: bytes
    label: str
    pan: str
    psn: str
    expiry: str  # YYMM
    service_code: str
    key: bytes  # ICC master key for cryptograms
    cryptogram: Maker
    pdol: bytes
    aip: bytes
    priority: int = 1
    kernel: bytes = b""  # 9F2A in the directory entry
    discretionary: str = "00000"
    decision: str = ONLINE
    offline_limit: int = 0
    dki: int = 1
    cvn: int = 1
    gpo_format: int = 2
    blocked: bool = False
    leave_out: frozenset[str] = frozenset()
    fci: dict[str, bytes] = field(default_factory=dict)
    records: Records = field(default_factory=dict)
    signed: set[tuple[int, int]] = field(default_factory=set)
    data: dict[str, bytes] = field(default_factory=dict)  # for GET DATA
    oda: Oda | None = None
    issuer: Issuer | None = None
    atc: int = 0

    def __post_init__(self) -> None:
        self.issued = Issued(self.issuer, blocked=self.blocked, data=self.data)
        self.initiated = False
        self.open: Records = {}  # the records of this transaction

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.label} {mask(self.pan)}>"

    def directory_entry(self) -> bytes:
        """Its entry 61 in the PPSE."""
        objects = {"4F": self.aid, "50": self.label.encode(), "87": bytes([self.priority])}
        if self.kernel:
            objects["9F2A"] = self.kernel
        return ber.tlv("61", ber.tlvs(objects))

    def select(self) -> bytes:
        """Answer SELECT with the FCI; a transaction may begin, unless the application is blocked.

        Raises Refusal(6283), which has the FCI with it.
        """
        self.initiated = False
        inner = {"50": self.label.encode(), "87": bytes([self.priority])}
        if self.pdol:
            inner["9F38"] = self.pdol
        proprietary = ber.tlv("A5", ber.tlvs({**inner, **self.fci}))
        fci = ber.tlv("6F", ber.tlv("84", self.aid) + proprietary)
        if self.issued.blocked:
            raise Refusal(apdu.SELECTED_FILE_INVALIDATED, fci)
        return fci

    # -- a transaction -------------------------------------------------------

    def get_processing_options(self, data: bytes) -> bytes:
        """Answer GPO whose data field is ``data`` (template 83)."""
        if self.initiated or self.issued.blocked or self.atc == 0xFFFF:
            raise Refusal(apdu.CONDITIONS_NOT_SATISFIED)
        size = sum(length for _, length in ber.dol(self.pdol))
        head = bytes([0x83, size]) if size < 0x80 else bytes([0x83, 0x81, size])
        if data[: len(head)] != head or len(data) != len(head) + size:
            raise Refusal(apdu.WRONG_LENGTH)
        values = ber.dol_values(self.pdol, data[len(head) :])
        self._may_begin(values)
        self.initiated = True
        self.issued.last = None
        self.atc += 1
        self.open = dict(self.records)
        return self._processing_options(values, data[len(head) :])

    def _may_begin(self, values: dict[str, bytes]) -> None:
        """Raise Refusal when the kind does not want this reader; nothing has been counted yet."""

    def _processing_options(self, values: dict[str, bytes], asked: bytes) -> bytes:
        """The whole answer to GPO; ``asked`` are the bytes of all values."""
        raise NotImplementedError

    def generate_ac(self, command: Command) -> bytes:
        """A contactless transaction of most kinds has its cryptogram from GPO; none after it."""
        raise Refusal(apdu.CONDITIONS_NOT_SATISFIED)

    def get_data(self, tag: str) -> bytes:
        """Answer GET DATA. Raises Refusal(6A88)."""
        known = {**self.data, "9F36": self.atc.to_bytes(2, "big")}
        if tag not in known:
            raise Refusal(apdu.DATA_NOT_FOUND)
        return ber.tlv(tag, known[tag])

    def read_record(self, sfi: int, number: int) -> bytes:
        """Record ``number`` of file ``sfi`` as template 70."""
        if not self.initiated:
            raise Refusal(apdu.CONDITIONS_NOT_SATISFIED)
        if sfi not in {known for known, _ in self.open}:
            raise Refusal(apdu.FILE_NOT_FOUND)
        if (sfi, number) not in self.open:
            raise Refusal(apdu.RECORD_NOT_FOUND)
        return ber.tlv("70", ber.tlvs(self.open[sfi, number]))

    # -- data ----------------------------------------------------------------

    def certify(self) -> None:
        """The certificates are among the records of this transaction from now on."""
        if self.oda is not None:
            self.open |= self.oda.records

    def afl(self) -> bytes:
        """The application file locator (EMV Book 3, 10.2): an entry for each run of records.

        Signed records begin an entry, as it counts them from its first; without certificates
        nothing is signed.
        """
        certified = self.oda is not None and self.oda.records.keys() <= self.open.keys()
        entries: list[list[int]] = []
        for sfi, number in sorted(self.open):
            signed = certified and (sfi, number) in self.signed
            last = entries[-1] if entries else []
            goes_on = last and last[0] == sfi << 3 and last[2] == number - 1
            if goes_on and (not signed or last[3] == number - last[1]):
                last[2] = number
                last[3] += signed
            else:
                entries.append([sfi << 3, number, number, int(signed)])
        return b"".join(bytes(entry) for entry in entries)

    def static_data(self) -> bytes:
        """Static data to be authenticated (EMV Book 3, 10.3): signed records, AIP if 9F4A says."""
        data, lists = b"", b""
        for at in sorted(self.records):
            lists += self.records[at].get("9F4A", b"")
            if at in self.signed:
                data += ber.tlvs(self.records[at])
        return data + (self.aip if lists == _AIP_TAG_LIST else b"")

    def track2(self) -> bytes:
        """Track 2 equivalent data (57): PAN D YYMM service code discretionary data, F if odd."""
        digits = f"{self.pan}D{self.expiry}{self.service_code}{self.discretionary}"
        return bytes.fromhex(digits + "F" * (len(digits) % 2))

    def told(self, objects: dict[str, bytes]) -> dict[str, bytes]:
        """``objects`` without those that this card leaves out."""
        return {tag: value for tag, value in objects.items() if tag not in self.leave_out}
