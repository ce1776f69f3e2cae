"""The answerer of a training: the cents decide as at the test host, and nothing leaves."""

import ast
import asyncio

import pytest
from pos.acquirer import messages, practice, settling
from pos.crypto.des import ecb_decrypt, kcv
from pos.store.training import PARTS

from host_tools.acquirer import cents
from host_tools.build.image import ROOT

PARAMS = {
    "terminal_id": "12345678",
    "merchant_id": "898100012340001",
    "batch": 7,
    "key_mode": 3,
    "currency": "156",
}


def asked(message):
    host = practice.Host(PARAMS)
    return asyncio.run(host.exchange(host.request(*message)))


@pytest.mark.parametrize("digits", [f"{n:02d}" for n in range(100)])
def test_cents_are_those_of_the_test_host(digits):
    expected = cents.code_of(digits) if digits in cents.TABLE else "00"
    assert practice.code_for(digits) == expected


@pytest.mark.parametrize("mode, count, size", [(1, 2, 8), (3, 2, 16), (4, 3, 16), (5, 3, 16)])
def test_sign_in_hands_out_keys_under_the_key_of_the_training(mode, count, size):
    params = {**PARAMS, "key_mode": mode}
    answer = asked(messages.sign_in(params, 1, "01", "A" * 12))
    f62 = answer[62]
    assert len(f62) == count * (size + 4)
    tmk = bytes(a ^ b for a, b in zip(*PARTS, strict=True))
    for at in range(0, len(f62), size + 4):
        key = ecb_decrypt(tmk, f62[at : at + size], mode == 5)
        assert kcv(key, mode == 5) == f62[at + size : at + size + 4]
    assert asked(messages.sign_in(params, 1, "01", "A" * 12))[62] != f62


def test_settlement_is_balanced():
    sums = settling.totals([])
    answer = asked(settling.settlement(PARAMS, 5, "01", sums))
    assert settling.even(settling.verdict(answer[48], sums))


def test_it_has_nothing_that_leads_out():
    path = ROOT / "firmware" / "pos" / "acquirer" / "practice.py"
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    assert found == {
        "os",
        *("pos.acquirer.messages", "pos.protocol.iso8583", "pos.protocol.unionpay"),
        *("pos.crypto.des.ecb_decrypt", "pos.crypto.des.kcv"),
        *("pos.store.files.wipe", "pos.store.training.PARTS"),
    }
