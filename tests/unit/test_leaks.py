"""A secret is found wherever it is, in whatever form; what only looks like one is none."""

import re

import pytest

from host_tools.device import audit

PAN = "6212345678901232"
NAMED = "unionpay_debit"


def found(content):
    return list(audit._leaks({"the log": content}, iter(audit._of_cards())))


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (f"card {PAN} tapped".encode(), f"the PAN of {NAMED}"),
        (b"\x00" + bytes.fromhex(PAN) + b"\x00", f"the PAN of {NAMED}, packed"),
        (PAN.encode().hex().encode(), f"the PAN of {NAMED} as hex of ASCII"),
        (b"pin 123456.", f"the PIN of {NAMED}"),
        (b"06123456FFFFFFFF", f"the PIN field of {NAMED} in hex"),
        (b"06123456ffffffff", f"the PIN field of {NAMED} in hex"),
    ],
)
def test_it_is_found(content, what):
    assert f"{what} is in the log" in found(content)


def test_a_part_of_a_longer_number_is_none():
    assert found(f"1{PAN} 0123456 {PAN}1".encode()) == []


def test_what_is_looked_for_without_case_has_none():
    for _, pattern in audit._of_cards():
        assert not pattern.flags & re.IGNORECASE or re.fullmatch(rb"[0-9a-f]+", pattern.pattern)
