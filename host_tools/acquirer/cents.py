"""The one cents table that trainers, scenarios and tests share: ``cents.yaml`` here."""

from pathlib import Path

import yaml

TABLE: dict[str, str] = yaml.safe_load(
    Path(__file__).with_name("cents.yaml").read_text(encoding="utf-8")
)


def code_for(amount: int) -> str | None:
    """The response code (F39) that the cents of ``amount`` (fen) ask for, or None."""
    cents = f"{amount % 100:02d}"
    return cents if cents in TABLE else None
