"""Puts this directory's corpus, and the scripts it takes from tests/unit, on the path."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit"))
