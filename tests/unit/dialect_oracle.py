"""The dialect as `pyiso8583` wants it told: this directory's own reading of the reference."""

import iso8583

# number: (format, digits of the length prefix, maximum)
DIALECT = {
    2: ("n", 2, 19), 3: ("n", 0, 6), 4: ("n", 0, 12), 11: ("n", 0, 6), 12: ("n", 0, 6),
    13: ("n", 0, 4), 14: ("n", 0, 4), 15: ("n", 0, 4), 22: ("left", 0, 3), 23: ("n", 0, 3),
    25: ("n", 0, 2), 26: ("n", 0, 2), 32: ("n", 2, 11), 35: ("z", 2, 37), 36: ("z", 3, 104),
    37: ("an", 0, 12), 38: ("an", 0, 6), 39: ("an", 0, 2), 41: ("ans", 0, 8), 42: ("ans", 0, 15),
    44: ("ans", 2, 25), 48: ("n", 3, 322), 49: ("an", 0, 3), 52: ("b", 0, 8), 53: ("n", 0, 16),
    54: ("ans", 3, 20), 55: ("b", 3, 255), 58: ("b", 3, 100), 59: ("ans", 3, 600),
    60: ("n", 3, 30), 61: ("n", 3, 29), 62: ("b", 3, 512), 63: ("ans", 3, 163), 64: ("b", 0, 8),
}  # fmt: skip


def oracle_entry(kind: str, digits: int, most: int) -> dict:
    entry = {"len_enc": "bcd", "len_type": (digits + 1) // 2, "max_len": most, "desc": ""}
    entry["data_enc"] = "ascii" if kind.startswith("an") else "b"
    if kind in ("n", "z", "left"):
        entry["len_count"] = "nibbles"
        entry["right_pad" if digits or kind == "left" else "left_pad"] = "0"
    return entry


SPEC = {
    "h": {"data_enc": "b", "len_enc": "bcd", "len_type": 0, "max_len": 0, "desc": ""},
    "t": oracle_entry("n", 0, 4),
    "p": {"data_enc": "b", "len_enc": "bcd", "len_type": 0, "max_len": 8, "desc": ""},
    **{str(f): oracle_entry(*entry) for f, entry in DIALECT.items()},
}
SPEC["t"].update(max_len=2, data_enc="b")
SPEC["t"].pop("left_pad", None)
SPEC["t"].pop("len_count", None)


def to_oracle(mti: str, fields: dict) -> dict:
    """Our values as the oracle wants them: bytes and tracks in upper-case hex."""
    doc = {"t": mti}
    for f, value in fields.items():
        text = value.hex().upper() if isinstance(value, bytes) else value
        doc[str(f)] = text.replace("=", "D") if DIALECT[f][0] == "z" else text
    return doc


_BINARY_59 = {**SPEC, "59": {**SPEC["59"], "data_enc": "b"}}


def read(frame: bytes) -> tuple[str, dict[int, str]]:
    """MTI and fields of a whole frame (2 bytes length, 5 TPDU, 6 header), as the oracle tells.

    F59 in hex: with SM4 it holds the PIN block.
    """
    doc, _ = iso8583.decode(frame[13:], _BINARY_59)
    doc.pop("p")
    mti = doc.pop("t")
    return mti, {int(f): value for f, value in doc.items()}


def encode(mti: str, fields: dict[int, str]) -> bytes:
    """The message of what ``read`` returns."""
    return bytes(
        iso8583.encode({"t": mti} | {str(f): v for f, v in fields.items()}, _BINARY_59)[0]
    )
