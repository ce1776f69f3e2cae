"""What each story of a kind asks, and what it hands to the payment; on MicroPython."""

import pytest

START = """
import asyncio
from pos.store.seal import Sealer, seal_card
SEALER = Sealer(b"TEST device key.")
CARD = seal_card(SEALER, "6212345678901232", "3012", "01")
ORIGINAL = {
    "kind": "sale", "trace": 2, "amount": 50000, "state": "approved", "card": CARD,
    "orig_batch": 7, "orig_trace": 2, "orig_date": "1123", "orig_rrn": "632909000002",
    "orig_auth": "209458",
}

class Journal:
    queue = []
    def waiting(self, after=0):
        return self.queue[after] if after < len(self.queue) else None
    def find(self, trace):
        return self.found

class Buzzer:
    def bad(self):
        pass

class T:
    buzzer = Buzzer()
    ui = None
    def __init__(self, answers, **params):
        self.params = {"manual": 1, "tips": 1, "tip_max": 20, "offline": 1, "offline_max": 2}
        self.params.update(params)
        self.answers = answers
        self.told = []
        self.journal = Journal()
        self.paid = None
    def sealer(self):
        return SEALER
    async def tell(self, story, *args):
        self.told.append(" ".join([story] + [str(a) for a in args if isinstance(a, str)]))
        if story == "amount":
            self.limit = args[-1]
        if story == "payment":
            self.paid = args[0]
            self.card = args[1] if len(args) > 1 else None
            return None
        answer = self.answers[self.told[-1]]
        return answer
    async def show(self, *args):
        self.told.append("shown " + args[3])

def run(name, t, *args):
    story = __import__("pos.flows." + name)
    asyncio.run(getattr(story.flows, name).run(t, *args))
    return t
"""


@pytest.fixture
def run(mpy):
    return lambda source: mpy(START + source, heap="1m")


@pytest.mark.parametrize("kind", ["void", "completion_void", "instalment_void"])
def test_a_void_is_of_the_originals_amount_and_card(run, kind):
    run(f"""
t = run("void", T({{"supervisor": True, "original {kind}": ORIGINAL}}), {kind!r})
assert t.told == ["supervisor", "original {kind}", "payment"]
assert t.paid["kind"] == {kind!r} and t.paid["amount"] == 50000
for name in ("orig_batch", "orig_trace", "orig_date", "orig_rrn", "orig_auth"):
    assert t.paid[name] == ORIGINAL[name]
assert "card" not in t.paid and "trace" not in t.paid and "state" not in t.paid
card = t.card
assert (card.pan, card.expiry, card.psn, card.mode) == ("6212345678901232", "3012", "", "01")
""")


def test_without_supervisor_or_original_nothing_is_paid(run):
    run("""
for told in ({"supervisor": False}, {"supervisor": True, "original void": None}):
    assert run("void", T(told), "void").paid is None
assert run("refund", T({"supervisor": False})).told == ["supervisor"]
assert run("preauth", T({"supervisor": False}), "preauth_void").told == ["supervisor"]
""")


def test_a_refund_asks_for_the_original(run):
    run("""
answers = {"supervisor": True, "amount refund": 100, "ask rrn refund": "632909000002",
    "ask date refund": "1123", "typed_card refund": "a card"}
t = run("refund", T(answers))
assert t.paid == {"kind": "refund", "amount": 100, "orig_rrn": "632909000002",
    "orig_date": "1123"} and t.card is None
t = run("refund", T(answers), "typed")
assert t.paid["absent"] == 1 and t.card == "a card"
for name in ("amount refund", "ask rrn refund", "ask date refund"):
    less = dict(answers)
    less[name] = None
    assert run("refund", T(less)).paid is None
answers["typed_card refund"] = None
assert run("refund", T(answers), "typed").paid is None
""")


def test_what_follows_a_hold(run):
    run("""
assert run("preauth", T({"amount preauth": 5}), "preauth").paid == {"kind": "preauth", "amount": 5}
for kind in ("completion", "notice", "preauth_add"):
    t = run("preauth", T({"original " + kind: ORIGINAL, "amount " + kind: 5}), kind)
    assert t.paid == {"kind": kind, "amount": 5, "orig_batch": 7, "orig_trace": 2,
        "orig_auth": "209458", "orig_date": "1123"}, t.paid
    assert t.card is None
    t = run("preauth", T({"original " + kind: {}, "ask auth " + kind: "A1",
        "ask date " + kind: "0102", "amount " + kind: 5}), kind)
    want = {"kind": kind, "amount": 5, "orig_auth": "A1", "orig_date": "0102"}
    if kind == "preauth_add":
        del want["orig_date"]
    assert t.paid == want
    assert run("preauth", T({"original " + kind: None}), kind).paid is None
    for answers in (
        {"original " + kind: {}, "ask auth " + kind: None},
        {"original " + kind: ORIGINAL, "amount " + kind: None},
    ):
        assert run("preauth", T(answers), kind).paid is None
t = run("preauth", T({"supervisor": True, "original preauth_void": ORIGINAL}), "preauth_void")
assert t.paid["amount"] == 50000  # all of it: no amount is asked
""")


def test_a_hold_by_telephone_is_completed_without_the_card(run):
    run("""
hold = dict(ORIGINAL, absent=1)
t = run("preauth", T({"original completion": hold, "amount completion": 5}), "completion")
assert t.paid["absent"] == 1 and t.card.pan == "6212345678901232"
""")


def test_a_tip_and_its_limits(run):
    run("""
t = run("change", T({"original tip": ORIGINAL, "amount tip": 5000}), "tip")
assert (t.paid["amount"], t.paid["base"], t.paid["tip"]) == (55000, 50000, 5000)
assert t.paid["orig_trace"] == 2 and t.card.pan == "6212345678901232"
for t in (
    T({}, tips=0),
    T({"original tip": dict(ORIGINAL, amount=4)}),
    T({"original tip": ORIGINAL}, tip_max=0),
):
    assert run("change", t, "tip").paid is None
    assert t.told[-1].startswith("shown ")
assert run("change", T({"original tip": ORIGINAL, "amount tip": None}), "tip").paid is None
# a further tip replaces the first, and the limit is a part of the sale alone
tipped = dict(ORIGINAL, amount=55000, base=50000, tip=5000)
t = run("change", T({"original tip": tipped, "amount tip": 3000}), "tip")
assert (t.paid["amount"], t.paid["base"], t.paid["tip"]) == (53000, 55000, 3000)
assert t.limit == 10000, t.limit
""")


def test_an_adjustment_waits_for_the_upload(run):
    run("""
answers = {"original adjust": ORIGINAL, "amount adjust": 7, "upload": True}
t = T(answers)
t.journal.queue = [ORIGINAL]
t.journal.found = {"state": "approved", "rrn": "new"}
assert run("change", t, "adjust").paid["orig_rrn"] == "new"
assert (t.paid["amount"], t.paid["base"]) == (7, 50000) and "tip" not in t.paid
for told, state in ((False, "approved"), (True, "declined")):
    answers["upload"] = told
    t = T(answers)
    t.journal.queue = [ORIGINAL]
    t.journal.found = {"state": state}
    assert run("change", t, "adjust").paid is None
""")


def test_typed_cards_where_they_may_be_typed(run):
    run("""
from pos.flows import typed_card
ask = {"ask pan sale": "6212345678901232", "ask expiry sale": "3012"}
card = asyncio.run(typed_card.run(T(ask), "sale"))
assert (card.pan, card.expiry, card.mode, card.track2, card.f55) == (
    "6212345678901232", "3012", "01", "", b"")
assert asyncio.run(typed_card.run(T(ask, manual=0), "sale")) is None
for name in ask:
    less = dict(ask)
    less[name] = None
    assert asyncio.run(typed_card.run(T(less), "sale")) is None
t = run("moto", T({"amount preauth": 5, "typed_card preauth": "a card"}), "preauth")
assert t.paid == {"kind": "preauth", "amount": 5, "absent": 1} and t.card == "a card"
assert run("moto", T({"amount sale": 5, "typed_card sale": None}), "sale").paid is None
""")


def test_a_voice_authorisation(run):
    run("""
answers = {"amount offline": 5, "ask auth offline": "A1"}
t = run("offline", T(answers, manual=0))
assert t.paid == {"kind": "offline", "amount": 5, "orig_auth": "A1", "auth": "A1"}
for t in (T({}, offline=0), T({}, offline_max=1)):
    t.journal.queue = [ORIGINAL]
    assert run("offline", t).paid is None and t.told[0].startswith("shown ")
for name in answers:
    less = dict(answers)
    less[name] = None
    assert run("offline", T(less, manual=0)).paid is None
""")
