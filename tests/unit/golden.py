"""The known answers of ``tests/vectors/golden.yaml``, and the way tests ask for a bad frame."""

from pathlib import Path

import pytest
import yaml
from pos.protocol.errors import BadBytes

_RAW = yaml.safe_load((Path(__file__).parent.parent / "vectors" / "golden.yaml").read_text())

KEYS = _RAW["keys"]
MAC = _RAW["mac"]
PIN = _RAW["pin"]
SM4 = _RAW["sm4"]
TRACK = _RAW["track"]


def unhex(text: str) -> bytes:
    """Bytes of hex text, which a long YAML value breaks with spaces."""
    return bytes.fromhex(text.replace(" ", ""))


class Message:
    """A golden message: frame, tpdu, header, message (all bytes), mti and fields."""

    def __init__(self, raw: dict):
        self.frame = unhex(raw["frame"])
        self.tpdu = unhex(raw["tpdu"])
        self.header = unhex(raw["header"])
        self.message = self.frame[13:]
        self.mti = raw["mti"]
        self.fields = {f: unhex(v) if f in _RAW["binary"] else v for f, v in raw["fields"].items()}


MESSAGES = {name: Message(raw) for name, raw in _RAW["messages"].items()}


def mabs() -> dict:
    """name -> (MAK, message without F64, MAC) of all MAC vectors."""
    vectors = {}
    for name, raw in MAC.items():
        mab = unhex(raw["mab"]) if "mab" in raw else MESSAGES[raw["message"]].message[:-8]
        vectors[name] = (unhex(raw["mak"]), mab, raw["mac"].encode())
    return vectors


def rejects(call, *args, what: str, offset: int, why: str = ""):
    """``call(*args)`` raises BadBytes with this field and offset, and ``why`` in its reason."""
    with pytest.raises(BadBytes) as caught:
        call(*args)
    error = caught.value
    assert (error.what, error.offset) == (what, offset), str(error)
    assert why in error.why
    assert str(error) == f"{what} at {offset}: {error.why}"
