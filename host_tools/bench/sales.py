"""The sales that are measured: which card, how much, and what the terminal is set to."""

from dataclasses import dataclass, field, replace

from host_tools.build.emv_data import load_config, pack_aids, pack_ca_keys
from host_tools.vboard.cards.loader import CARDS

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

# Limits above which a cryptogram must go online; without them a card may pay offline
_FLOORS = ("DF19", "DF8123")


@dataclass
class Sale:
    """A card held to the reader for ``amount`` fen; ``conversation`` comes from the line."""

    name: str
    card: str
    kernel: int
    amount: int
    floor: bool = True  # the floor limits of the terminal stand
    conversation: list[tuple[bytes, bytes]] = field(default_factory=list)

    @property
    def answers(self) -> list[bytes]:
        """The card's R-APDUs."""
        return [answer for _, answer in self.conversation]


def sales() -> list[Sale]:
    """The sales whose cards are there, in the order of the report."""
    wanted = [
        Sale("UnionPay, online", "unionpay_debit", 7, 12800),
        Sale("UnionPay, offline with fDDA", "unionpay_offline", 7, 1280, False),
        Sale("Mastercard, CDA", "mastercard_cda", 2, 1280, False),
    ]
    return [sale for sale in wanted if (CARDS / f"{sale.card}.yaml").exists()]


def configuration(sale: Sale) -> tuple[bytes, bytes]:
    """(AID records E1, CAPK records E2): those of the ROM image, without floor for some sales."""
    config = load_config()
    if sale.floor:
        return pack_aids(config.aids), pack_ca_keys(config.ca_keys)
    aids = tuple(
        replace(record, tags={t: v for t, v in record.tags.items() if t not in _FLOORS})
        for record in config.aids
    )
    return pack_aids(aids), pack_ca_keys(config.ca_keys)
