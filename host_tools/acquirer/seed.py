"""What a new ledger starts with: test merchant, terminals, issuers and cards. All values TEST.

Cards come from ``host_tools/cards/*.yaml`` (section ``account:``; a card without one is nobody's
here), issuer keys from ``issuers.yaml`` there. Seeding again changes no money.
"""

from datetime import datetime
from pathlib import Path
from typing import Any

from host_tools import yaml_text
from host_tools.acquirer import settings
from host_tools.acquirer.ledger import Ledger

CARDS = Path(__file__).resolve().parent.parent / "cards"
ISSUERS_FILE = "issuers.yaml"
MERCHANT_ID = "898100012340001"
MERCHANT_NAME = "TAPTILL TEST SHOP"
# Debit and credit cards in hundredths of a percent; the most for a debit card, in fen [M]
MERCHANT_FEES = (50, 60, 2000)
CREDIT_BINS = ("412345", "512345")
TERMINAL_ID = "12345678"
TEST_TMK = bytes.fromhex("11111111111111112222222222222222")


class SeedError(Exception):
    """A card or issuer file without what the ledger needs. Names file and key, no values."""


def seed(ledger: Ledger, cards: Path = CARDS, terminals: int = 1) -> None:
    """Fill a ledger; ``terminals`` many terminals with numbers from 12345678 up.

    Raises SeedError for a card file that cannot be used.
    """
    now = datetime.now()
    with ledger.begin() as work:
        new = work.merchant(MERCHANT_ID) is None
        work.add_merchant(MERCHANT_ID, MERCHANT_NAME, cents_decide=True)
        if new:
            work.set_fees(MERCHANT_ID, *MERCHANT_FEES)
        for number in range(terminals):
            work.add_terminal(f"{int(TERMINAL_ID) + number:08d}", MERCHANT_ID, TEST_TMK)
        for issuer_bin, name, imk in read_issuers(cards / ISSUERS_FILE):
            work.add_issuer(issuer_bin, name, imk)
        settings.seed(work.session)
        for card in read_cards(cards):
            work.add_account({"credit": card["pan"][:6] in CREDIT_BINS} | card, now)


def read_cards(folder: Path) -> list[dict[str, Any]]:
    """The accounts of all card files: pan, psn, expiry (YYMM), pin, balance_fen, status.

    Credit cards are told by their BIN (CREDIT_BINS) unless a file says ``credit`` itself.
    """
    files = [file for file in sorted(folder.glob("*.yaml")) if file.name != ISSUERS_FILE]
    found = []
    for file in files:
        sections = yaml_text.load(file.read_text(encoding="utf-8")) or {}
        if "account" not in sections:
            continue
        card = sections["account"]
        for key in ("pan", "expiry"):
            if key not in card:
                raise SeedError(f"{file.name}: no {key}")
        # YAML reads unquoted digits as numbers and loses leading zeros: insist on quotes.
        for key in ("pan", "psn", "expiry", "pin"):
            if card.get(key) is not None and not isinstance(card[key], str):
                raise SeedError(f"{file.name}: {key} must stand in quotes")
        found.append(card)
    return found


def read_issuers(file: Path) -> list[tuple[str, str, bytes]]:
    """(BIN, name, master key of 16 bytes) of each issuer; none when there is no such file."""
    if not file.exists():
        return []
    table = yaml_text.load(file.read_text(encoding="utf-8")) or {}
    found = []
    for issuer_bin, row in table.items():
        text = row if isinstance(row, str) else row.get("imk", "")
        imk = bytes.fromhex(text)
        if len(imk) != 16:
            raise SeedError(f"{file.name}: {issuer_bin}: imk is not 16 bytes of hex")
        name = "" if isinstance(row, str) else row.get("name", "")
        found.append((str(issuer_bin), name, imk))
    return found
