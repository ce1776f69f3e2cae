"""Whatever a card says, a kernel ends in an outcome: damaged conversations, made-up TLV.

``make fuzz`` does the same for longer.
"""

import random
from unittest.mock import patch

import emv_corpus
import emv_fuzz
import pytest
from emv_fuzz import Card, Failure, Mutator, Node
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pos.emv import ca, config, oda, outcome
from pos.protocol.errors import BadBytes
from pos.store import emv_files

from host_tools.build.emv_data import load_config, pack_aids, pack_ca_keys
from host_tools.emv.config import CaPublicKey

ANSWERS = 100_000  # for each kernel
PIECES = 4
TODAY = b"\x26\x11\x23"


@pytest.fixture(scope="module")
def talks():
    return emv_corpus.corpus()


@pytest.mark.parametrize("seed", range(PIECES))
@pytest.mark.parametrize("kernel", [2, 3, 7])
def test_damaged_conversations(kernel, seed):
    tally = emv_fuzz.run(seed=seed, answers=ANSWERS // PIECES, kernels=(kernel,))
    assert tally.failures == []
    assert tally.answers[kernel] >= ANSWERS // PIECES
    # not all of them die at the first byte
    for kind in (outcome.APPROVED, outcome.DECLINED, outcome.ONLINE, outcome.TRY_AGAIN):
        assert tally.kinds[kernel, kind] > 0


def test_every_kernel_has_conversations_of_cards_and_scripts(talks):
    for kernel in (2, 3, 7):
        mine = [talk for talk in talks if talk.kernel == kernel]
        assert any(":" not in talk.name for talk in mine)
        kinds = {emv_fuzz.play(talk, _as_it_was(talk))[0].kind for talk in mine}
        assert {outcome.APPROVED, outcome.ONLINE} <= kinds


def _as_it_was(talk):
    return lambda capdu, n: talk.exchanges[n][1]


# the same on MicroPython, whose bytes, views and integers are not quite CPython's

REPLAY = """
from binascii import unhexlify
from pos.emv import config, entry, outcome
from pos.protocol import apdu
from pos.store import emv_files

TERMINAL = {terminal!r}
KEYS = unhexlify("{keys}")

def key(wish):
    return emv_files.find(KEYS, wish.rid, wish.index)

def play(aids, txn, answers):
    aids = [config.aid(record) for record in config.records(aids)]
    kernel = entry.transaction({{"terminal": TERMINAL, "aids": aids}}, txn)
    step = next(kernel)
    try:
        while True:
            if isinstance(step, outcome.Ui):
                step = kernel.send(None)
            elif isinstance(step, outcome.CaKey):
                step = kernel.send(key(step))
            else:
                answer = answers.pop(0)
                if answer[0] == "C":
                    step = kernel.throw(getattr(apdu, answer)())
                else:
                    step = kernel.send(memoryview(bytearray(unhexlify(answer[1:]))))
    except StopIteration as end:
        return end.value

with open("{path}") as file:
    for line in file:
        aids, txn, *answers = line.split()
        result = play(unhexlify(aids), eval(txn), answers)
        print(result.kind, result.step, result.oda, result.why)
"""


def test_micropython_comes_to_the_same_end(talks, mpy, tmp_path):
    dice = random.Random(5)
    mutator, wanted, lines = Mutator(5, talks), [], []
    while len(wanted) < 600:
        talk = dice.choice(talks)
        if not talk.exchanges:
            continue
        card, said = Card(talk, mutator.damaged(talk), mutator.dice), []

        def heard(capdu, n, card=card, said=said):
            answer = card(capdu, n)
            said.append(answer if isinstance(answer, str) else "x" + answer.hex())
            return answer

        result, _ = emv_fuzz.play(talk, heard)
        wanted.append(f"{result.kind} {result.step} {result.oda} {result.why}".strip())
        txn = repr(talk.txn).replace(" ", "")
        lines.append(" ".join([talk.aids.hex(), txn, *said]))
    path = tmp_path / "cases"
    path.write_text("\n".join(lines) + "\n")
    keys = pack_ca_keys(load_config().ca_keys).hex()
    source = REPLAY.format(path=path, keys=keys, terminal=emv_corpus.TERMINAL)
    got = [line.strip() for line in mpy(source, heap="4m").splitlines()]
    assert got == wanted


# tag, value and templates as cards use them, in any order and number

_tag = st.sampled_from([bytes.fromhex(tag) for tag in emv_fuzz._TAGS if tag not in ("00", "FF")])
_leaf = st.builds(Node, _tag, st.binary(max_size=40), st.just([]))
_template = st.sampled_from([b"\x6f", b"\xa5", b"\xbf\x0c", b"\x61"])
_objects = st.recursive(
    st.lists(_leaf, max_size=8),
    lambda inner: st.lists(
        st.builds(
            Node, st.sampled_from([b"\x6f", b"\xa5", b"\xbf\x0c", b"\x61"]), st.just(b""), inner
        ),
        min_size=1,
        max_size=3,
    ),
    max_leaves=12,
)
_status = st.sampled_from([b"\x90\x00"] * 6 + [b"\x62\x83", b"\x61\x10", b"\x6c\x20"])


@st.composite
def _answer(draw):
    outer = draw(st.sampled_from([b"\x6f", b"\x77", b"\x70", b"\x80", b""]))
    data = b"".join(node.written() for node in draw(_objects))[:250]
    return (Node(outer, data, []).written() if outer else data) + draw(_status)


@given(data=st.data())
@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_made_up_answers(talks, data):
    """A good beginning, then what Hypothesis makes of TLV."""
    talk = data.draw(st.sampled_from([talk for talk in talks if len(talk.exchanges) > 2]))
    good = data.draw(st.integers(0, len(talk.exchanges) - 1))
    odd = data.draw(st.lists(_answer(), min_size=1, max_size=8))

    def card(capdu, n):
        if n < good:
            return talk.exchanges[n][1]
        return odd[n - good] if n - good < len(odd) else "CardLost"

    emv_fuzz.play(talk, card)


# the fuzzer itself


def test_a_failure_is_kept_and_can_be_played_again(talks, tmp_path, capsys, monkeypatch):
    talk = next(talk for talk in talks if talk.name == "unionpay_debit online")
    monkeypatch.setattr(emv_fuzz, "FAILURES", tmp_path)
    with patch("pos.emv.read.options", side_effect=IndexError), pytest.raises(Failure) as found:
        emv_fuzz.play(talk, _as_it_was(talk))
    path = emv_fuzz.keep(found.value)
    with patch("pos.emv.read.options", side_effect=IndexError):
        assert emv_fuzz.replay(path) == 1
    assert "IndexError" in capsys.readouterr().out
    assert emv_fuzz.replay(path) == 0


def test_a_reason_with_digits_of_the_card_is_found():
    told = outcome.Outcome(outcome.END, "5A at 0: 6212345678")
    told.tags = {0x5A: bytes.fromhex("6212345678901232")}
    assert emv_fuzz._wrong(told) == "the reason holds digits of 5A"
    told.why = "DF8117 at 100: length 3072"
    assert emv_fuzz._wrong(told) == ""


def test_the_same_seed_does_the_same_damage(talks):
    some = talks[:5]
    one, other = Mutator(7, talks), Mutator(7, talks)
    assert [one.damaged(talk) for talk in some] == [other.damaged(talk) for talk in some]


# the pure parts


def _mutations(good: bytes, seed: int, count: int):
    mutator = Mutator(seed, [])
    mutator.values = [b"\x00", b"\x01\x02"]
    for _ in range(count):
        nodes = emv_fuzz.tree(good)
        if nodes and mutator.dice.random() < 0.5:
            yield mutator._objects(nodes)
        else:
            yield mutator._bytes(bytearray(good))
    for _ in range(count // 10):
        yield mutator.dice.randbytes(mutator.dice.randrange(80))


def _parsed(parse, data) -> None:
    try:
        parse(data)
    except BadBytes:
        pass


def test_damaged_aid_records():
    def parse(data):
        for record in config.records(data):
            config.kernel_data(config.aid(record))

    good = pack_aids(load_config().aids)
    for data in _mutations(good, 1, 3000):
        _parsed(parse, data)
    for aid in load_config().aids:
        for data in _mutations(pack_aids((aid,)), 2, 1000):
            _parsed(parse, data)


def test_damaged_ca_keys():
    keys = load_config().ca_keys
    for seed, key in enumerate(keys):
        record = pack_ca_keys((key,))

        def parse(data, key=key):
            found = emv_files.find(data, key.rid, key.index)
            if found is not None:
                ca.parse(found)

        for data in _mutations(record, seed, 2000):
            _parsed(parse, data)
            _parsed(ca.parse, data)


@pytest.mark.parametrize("hashes", [True, False])
def test_damaged_certificates(talks, hashes):
    """Certificates in clear: ``recover`` gives back what it gets, as if anybody could sign."""
    dice = random.Random(hashes)
    patches = [patch.object(oda.rsa, "recover", lambda data, modulus, exponent: bytes(data))]
    if not hashes:
        patches.append(patch.object(oda, "_check_hash", lambda tag, text, *more: None))
    results = set()
    keys = [_ca_key(expires) for expires in ("20301231", "20261122")]
    for one in patches:
        one.start()
    try:
        for _ in range(4000):
            card, terminal = _card(dice), {0x9F37: bytes(4), 0x9F02: bytes(6), 0x5F2A: bytes(2)}
            key = dice.choice(keys)
            signed = dice.randbytes(20)
            answer = Node(b"\x77", b"", [Node(b"\x9f\x4b", card[0x9F4B], [])]).written()
            if dice.random() < 0.3:
                answer = dice.randbytes(30)
            results.add(oda.sda(card, signed, key, TODAY))
            results.add(oda.fdda(card, signed, key, TODAY, terminal))
            results.add(oda.cda(card, signed, key, TODAY, bytes(4), (b"",), 0x40, answer))
    finally:
        for one in patches:
            one.stop()
    assert all(isinstance(result, str) for result in results)
    assert ("" in results) == (not hashes)  # without hashes some get through
    assert len(results) > 20


def _ca_key(expires: str):
    modulus = b"\x80" + bytes(142) + b"\x01"
    key = CaPublicKey(b"\xa0\0\0\x03\x33", 1, modulus, b"\x03", expires, (b"\0\0\x01",))
    return emv_files.find(pack_ca_keys((key,)), key.rid, key.index)


def _card(dice) -> dict[int, bytes]:
    """Data of a card whose certificates have the right form, mostly."""
    pan = bytes.fromhex("6212345678901232")

    def text(form: int, head: bytes) -> bytes:
        body = bytearray(b"\x6a" + bytes([form]) + head)
        body += dice.randbytes(143 - len(body)) + b"\xbc"
        if dice.random() < 0.2:
            body[dice.randrange(30)] = dice.randrange(256)
        return bytes(body)

    number = dice.choice((b"\x62\x12\x34\x56", b"\x62\x12\xff\xff", dice.randbytes(4)))
    until = dice.choice((b"\x12\x30", b"\x12\x49", b"\x01\x20", b"\x13\x30", b"\xaa\xaa"))
    size = dice.choice((144, 144, 96, 64, 63, 0, 255))
    tail = dice.choice((b"\x01", b"\x03", b"\x00"))
    key = dice.randbytes(3) + b"\x01\x01" + bytes([size]) + tail
    card = {
        0x5A: pan,
        0x82: b"\x3c\x00",
        0x90: text(2, number + until + key),
        0x92: dice.randbytes(dice.choice((36, 0, 1, 60))),
        0x9F32: dice.choice((b"\x03", b"\x01\x00\x01", b"", b"\x05")),
        0x93: text(3, b"\x01\xda\xc0"),
        0x9F46: text(4, pan + b"\xff\xff" + until + key),
        0x9F48: dice.randbytes(dice.choice((42, 0, 1, 60))),
        0x9F47: b"\x03",
        0x9F4B: text(5, b"\x01\x26\x08" + dice.randbytes(8) + b"\x40"),
        0x9F69: dice.choice((b"\x01" + bytes(7), b"\x00" * 8, b"")),
        0x9F4A: b"\x82",
    }
    if dice.random() < 0.2:
        del card[dice.choice(list(card))]
    if 0x9F4B not in card:
        card[0x9F4B] = b""
    return card


def test_the_card_that_is_played_answers_commands_it_knows(talks):
    talk = talks[0]
    card = Card(talk, [answer for _, answer in talk.exchanges], random.Random(0))
    for n, (command, answer) in enumerate(talk.exchanges):
        assert card(command, n) == answer
