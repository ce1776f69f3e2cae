"""The sales that are measured: which card, how much, and what the terminal is set to."""

from dataclasses import dataclass, field
from pathlib import Path

from host_tools.vboard.cards import ber
from host_tools.vboard.cards.loader import CARDS

ROOT = Path(__file__).resolve().parents[2]

# Terminal data and a moment of which nothing depends on the clock of the machine
TERMINAL = {
    0x9F1A: "0156",
    0x5F2A: "0156",
    0x9F33: "E0E1C8",
    0x9F35: "22",
    0x9F40: "6000B0A001",
    0x9F1E: "3132333435363738",
}
DATE, TIME, UN = "261123", "091502", "11223344"

# A UnionPay combination for where the tree has no terminal.yaml: fDDA, online PIN, signature
_PLAIN = {
    "9F06": "A0000003330101",
    "9F2A": "07",
    "9F66": "27004000",
    "9F09": "0030",
    "DF20": "000000500000",
    "DF21": "000000100000",
}


@dataclass
class Sale:
    """A card held to the reader for ``amount`` fen; ``conversation`` comes from the line."""

    name: str
    card: str
    kernel: int
    amount: int
    conversation: list[tuple[bytes, bytes]] = field(default_factory=list)

    @property
    def answers(self) -> list[bytes]:
        """The card's R-APDUs."""
        return [answer for _, answer in self.conversation]


def sales() -> list[Sale]:
    """The sales whose cards are there, in the order of the report."""
    wanted = [
        Sale("UnionPay, online", "unionpay_debit", 7, 12800),
        Sale("UnionPay, offline with fDDA", "unionpay_offline", 7, 1280),
        Sale("Mastercard, CDA", "mastercard_cda", 2, 1280),
    ]
    return [sale for sale in wanted if (CARDS / f"{sale.card}.yaml").exists()]


def configuration() -> tuple[bytes, bytes]:
    """(AID records E1, CAPK records E2) of the terminal: those that the ROM image holds."""
    folder = ROOT / "build" / "virtual"
    for aids in sorted(folder.glob("**/emv/aids")):
        return aids.read_bytes(), aids.with_name("capks").read_bytes()
    plain = {tag: bytes.fromhex(value) for tag, value in _PLAIN.items()}
    return ber.tlv("E1", ber.tlvs(plain)), b""
