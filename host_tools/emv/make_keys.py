"""Makes the RSA TEST keys that ``test_keys.yaml`` lacks: ``python -m host_tools.emv.make_keys``.

What is in the file stays as it is; ``--new`` makes all of them anew (all certificates change).
"""

import sys
from pathlib import Path
from typing import Any

import yaml
from cryptography.hazmat.primitives.asymmetric import rsa

from host_tools.emv.keys import TEST_KEYS

_HEAD = """\
# TEST KEYS, development and training only: made by host_tools/emv/make_keys.py, secret to nobody.
# They stand for no scheme's and no issuer's real key; never put a production key here.
# p, q, e in hex. `ca` are certification authorities (RID, index, end YYYYMMDD); `issuers` go by
# BIN, `icc` by the name that a card file gives in `icc_key`.
"""

# name -> (RID, index, bits, exponent). The exponents are the two that EMV allows.
_CA = {
    "unionpay": ("A000000333", "92", 1984, 3),
    "visa": ("A000000003", "92", 1408, 3),
    "mastercard": ("A000000004", "F1", 1984, 65537),
}
# An issuer key as long as the Visa CA's does not fit its certificate: the rest is tag 92.
_ISSUERS = {
    "621234": (1152, 3),
    "412345": (1408, 3),
    "512345": (1152, 65537),
}
_ICC = {
    "unionpay_offline": (1024, 3),
    "unionpay_phone": (1024, 65537),
    "visa_offline": (1152, 3),
    "visa_phone": (1024, 3),
    "mastercard_online": (1024, 3),
    "mastercard_cda": (1152, 65537),
    "forged": (1152, 3),  # an issuer's that no certification authority knows
}
_EXPIRES = "20391231"


def make(old: dict[str, Any]) -> dict[str, Any]:
    """The document of the key file; entries of ``old`` are kept."""
    known = {section: old.get(section) or {} for section in ("ca", "issuers", "icc")}
    return {
        "ca": {
            name: known["ca"].get(name)
            or {"rid": rid, "index": index, "expires": _EXPIRES, **_pair(bits, e)}
            for name, (rid, index, bits, e) in _CA.items()
        },
        "issuers": {
            name: known["issuers"].get(name) or _pair(*how) for name, how in _ISSUERS.items()
        },
        "icc": {name: known["icc"].get(name) or _pair(*how) for name, how in _ICC.items()},
    }


def _pair(bits: int, e: int) -> dict[str, str]:
    numbers = rsa.generate_private_key(e, bits).private_numbers()
    exponent = e.to_bytes((e.bit_length() + 7) // 8, "big")
    return {"p": f"{numbers.p:X}", "q": f"{numbers.q:X}", "e": exponent.hex().upper()}


def write(path: Path = TEST_KEYS, *, new: bool = False) -> None:
    """Complete the key file at ``path``, or make it anew."""
    old = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() and not new else {}
    lines = yaml.dump(make(old), sort_keys=False, default_style='"', width=1000)
    path.write_text(_HEAD + _plain_keys(lines), encoding="utf-8")


def _plain_keys(text: str) -> str:
    """Names without quotes, except those of digits (a BIN is no number)."""
    lines = []
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        bare = name.strip().strip('"')
        indent = name[: len(name) - len(name.lstrip())]
        lines.append((name if bare.isdigit() else indent + bare) + colon + value)
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    write(new="--new" in sys.argv[1:])
