"""Applications that decide in GET PROCESSING OPTIONS: UnionPay qPBOC (C-7) and Visa qVSDC (C-3).

[M], from memory: the status words for a reader without that mode, and what a card does whose
reader may neither go online nor be trusted offline.
"""

from dataclasses import dataclass

from host_tools.vboard.cards import apdu, ber
from host_tools.vboard.cards.apdu import Refusal
from host_tools.vboard.cards.application import CID, DECLINE, OFFLINE, ONLINE, Application
from host_tools.vboard.cards.oda import DYNAMIC

# TTQ (9F66): byte 1, byte 2, byte 4
_EMV_MODE, _OFFLINE_ONLY, _ODA_FOR_ONLINE = 0x20, 0x08, 0x01
_CRYPTOGRAM_REQUIRED, _CVM_REQUIRED = 0x80, 0x40
_FDDA_01 = 0x80
# CTQ (9F6C): byte 1, byte 2
_ONLINE_PIN, _SIGNATURE = 0x80, 0x40
_CDCVM_DONE = 0x80

_CVR = {ONLINE: 0xA0, OFFLINE: 0x90, DECLINE: 0x80}  # byte 2 of 4
_BALANCE, _AVAILABLE = "9F79", "9F5D"  # of electronic cash, 12 digits


@dataclass(repr=False, eq=False, kw_only=True)
class Quick(Application):
    """qPBOC or qVSDC. ``ctq`` is what the card wants of its holder.

    ``cvm`` "asked": the holder is verified only where the reader wants it, and then online.
    ``cdcvm``: "none"; "done": the phone's owner has unlocked it; "after_first_tap": the owner does
    so when the phone has told the reader to wait (6986), and from then on it is done.
    """

    ctq: bytes
    kind: str = "qpboc"
    cvm: str = "always"
    cdcvm: str = "none"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.unlocked = self.cdcvm == "done"

    def _may_begin(self, values: dict[str, bytes]) -> None:
        ttq = values["9F66"]
        if not ttq[0] & _EMV_MODE:
            raise Refusal(apdu.CONDITIONS_NOT_SATISFIED)
        if self.cdcvm != "none" and not self.unlocked and ttq[1] & _CVM_REQUIRED:
            self.unlocked = True
            raise Refusal(apdu.CONDITIONS_OF_DEVICE)

    def _processing_options(self, values: dict[str, bytes], asked: bytes) -> bytes:
        ttq, ctq = values["9F66"], self._qualifiers(values["9F66"])
        decided = self._decide(values, ctq)
        if decided == OFFLINE:
            self._spend(int(values["9F02"].hex()))
        atc = self.atc.to_bytes(2, "big")
        values = {**values, "82": self.aip, "9F36": atc}
        iad = bytes([7 if self.kind == "qpboc" else 6, self.dki, self.cvn, 3, _CVR[decided], 0, 0])
        iad += b"\x01" if self.kind == "qpboc" else b""
        proof: dict[str, bytes] = {}
        if self.oda and (decided == OFFLINE or (decided == ONLINE and ttq[0] & _ODA_FOR_ONLINE)):
            proof = self.oda.fast(values, ctq)
            self.certify()
        ac = self.cryptogram(values, iad)
        if decided == ONLINE:
            self.issued.last = atc, ac
        options = {
            "9F36": atc,
            "9F26": ac,
            "9F27": bytes([CID[decided]]),
            "9F10": iad,
            "57": self.track2(),
            "5F34": bytes.fromhex(self.psn),
            "9F6C": ctq,
        }
        if _AVAILABLE in self.data:
            options[_AVAILABLE] = self.data[_AVAILABLE]
        return self._answer(options, proof)

    def _spend(self, amount: int) -> None:
        """Electronic cash gets less with every payment that nobody else hears of."""
        for tag in (_BALANCE, _AVAILABLE):
            if tag in self.data:
                left = max(0, int(self.data[tag].hex()) - amount)
                self.data[tag] = bytes.fromhex(f"{left:012d}")

    def _answer(self, options: dict[str, bytes], proof: dict[str, bytes]) -> bytes:
        """Format 2 says all; in format 1, or when it would be too long, a record has the rest."""
        later: dict[str, bytes] = {}
        if proof and self.oda and self.oda.in_gpo:
            options |= proof
        else:
            later = proof
        if self.gpo_format == 1:
            options, later = {}, {**options, **later}
        if later:
            self.open[DYNAMIC] = self.told(later)
        if self.gpo_format == 1:
            return ber.tlv("80", self.aip + self.afl())
        return ber.tlv("77", ber.tlvs(self.told({"82": self.aip, "94": self.afl(), **options})))

    def _qualifiers(self, ttq: bytes) -> bytes:
        """The CTQ of this transaction."""
        first, second = self.ctq
        if self.cvm == "asked" and not ttq[1] & _CVM_REQUIRED:
            first &= ~(_ONLINE_PIN | _SIGNATURE) & 0xFF
        if self.unlocked:
            second |= _CDCVM_DONE
        return bytes([first, second])

    def _decide(self, values: dict[str, bytes], ctq: bytes) -> str:
        ttq, amount = values["9F66"], int(values["9F02"].hex())
        if self.decision == DECLINE:
            return DECLINE
        online = bool(
            self.decision == ONLINE
            or ttq[1] & _CRYPTOGRAM_REQUIRED
            or (ctq[0] & _ONLINE_PIN and not ctq[1] & _CDCVM_DONE)
            or amount > self.offline_limit
            or amount > int(self.data[_BALANCE].hex() if _BALANCE in self.data else amount)
            or (self.kind == "qpboc" and not ttq[3] & _FDDA_01)
        )
        if not online:
            return OFFLINE
        return DECLINE if ttq[0] & _OFFLINE_ONLY else ONLINE
