"""The one cents table that trainers, scenarios and tests share: ``cents.yaml`` here."""

from pathlib import Path

from host_tools import yaml_text

TABLE: dict[str, str] = yaml_text.load(
    Path(__file__).with_name("cents.yaml").read_text(encoding="utf-8")
)
# Codes of the table that the issuer approves with (reference, section 9).
APPROVALS = ("11", "A2", "A4", "A5", "A6")


def code_of(cents: str) -> str:
    """The response code that cents of the table stand for: themselves; 81 to 87 for A1 to A7."""
    return "A" + cents[1] if "81" <= cents <= "87" else cents


def code_for(amount: int) -> str | None:
    """The response code (F39) that the cents of ``amount`` (fen) ask for, or None."""
    cents = f"{amount % 100:02d}"
    return code_of(cents) if cents in TABLE else None
