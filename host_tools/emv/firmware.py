"""The firmware's pure modules under CPython; a host tool that needs one takes it from here.

They import ``const`` from ``micropython``, which CPython has not; a stand-in gives it to them.
"""

import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]


def _same(value):
    return value


if "micropython" not in sys.modules:
    _module = ModuleType("micropython")
    _module.__dict__["const"] = _same
    sys.modules["micropython"] = _module
if str(ROOT / "firmware") not in sys.path:
    sys.path.append(str(ROOT / "firmware"))

from pos.protocol import tlv  # noqa: E402
from pos.protocol.errors import BadBytes  # noqa: E402

__all__ = ["ROOT", "BadBytes", "tlv"]
