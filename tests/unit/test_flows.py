"""Stories on a terminal of cardboard: what they ask, in which order, and what they make of it.

Whole stories, with card, host and paper, are in ``tests/vectors/scenarios``.
"""

import asyncio
import re
from pathlib import Path

import pytest
from pos import words as language
from pos.emv import outcome
from pos.flows import amount, menu, original, payment, pin, supervisor
from pos.protocol import unionpay
from pos.ui import entry

FLOWS = Path(pin.__file__).parent


class Journal:
    """Transactions as a list of records."""

    batch = 7

    def __init__(self, *txns):
        self.txns = txns
        self.closed = []

    def find(self, trace):
        return next((dict(txn) for txn in reversed(self.txns) if txn["trace"] == trace), None)

    def transactions(self):
        return iter(self.txns)

    def waiting(self):
        return None

    def close(self, txn):
        self.closed.append((txn["kind"], txn["state"]))


class Buzzer:
    def ok(self):
        pass

    bad = ok


class Terminal:
    """``told`` has the stories in order; ``answers`` what each returns, or a function for it."""

    ui = None
    unsure = ""
    buzzer = Buzzer()

    def __init__(self, journal=None, answers=None, **params):
        defaults = {"no_sign_on": 1, "no_sign_max": 100000, "no_pin_max": 100000, "cdcvm_on": 1}
        defaults |= {"pin_bypass": 1, "pin_scrambled": 0}
        self.params = {**defaults, "amount_max": 5000000, "offline": 1, **params}
        self.journal = journal or Journal()
        self.answers = answers or {}
        self.told = []
        self.shown = []
        self.used = [0, 0, 0]

    async def tell(self, story, *args):
        self.told.append(story)
        answer = self.answers.get(story)
        return answer(*args) if callable(answer) else answer

    async def show(self, screen, *args):
        self.shown.append((screen, *args))
        return self.answers.get(screen)


def run(story, *args):
    return asyncio.run(story.run(*args))


# the original

SALE = {
    "kind": "sale",
    "trace": 2,
    "amount": 50000,
    "state": "approved",
    "when": "20261123091502",
    "pan": "621234******1232",
    "rrn": "632909000002",
    "auth": "209458",
}


def later(kind, **more):
    return {**SALE, "kind": kind, "trace": 3, "orig_trace": 2, "orig_batch": 7, **more}


def asked_for(kind, journal, typed="2"):
    t = Terminal(journal, {"ask": typed, "confirm": True})
    return run(original, t, kind), t


def test_the_original_and_how_it_is_named():
    txn, t = asked_for("void", Journal(SALE))
    want = {"orig_batch": 7, "orig_trace": 2, "orig_date": "1123", "amount": 50000}
    assert {name: txn[name] for name in want} == want
    assert (txn["orig_rrn"], txn["orig_auth"]) == (SALE["rrn"], SALE["auth"])
    ((screen, title, lines, fen),) = t.shown
    assert (screen, title, fen) == ("confirm", "Void", 50000)
    assert lines == ["Sale 000002", "621234******1232"]


@pytest.mark.parametrize(
    ("kind", "journal", "words"),
    [
        ("void", Journal(), "orig_none"),
        ("void", Journal(later("sale")), "orig_none"),
        ("void", Journal({**SALE, "kind": "preauth"}), "orig_kind"),
        ("completion_void", Journal(SALE), "orig_kind"),
        ("instalment_void", Journal(SALE), "orig_kind"),
        ("adjust", Journal(SALE), "orig_kind"),
        ("completion", Journal(SALE), "orig_kind"),
        ("void", Journal({**SALE, "state": "declined"}), "orig_declined"),
        ("void", Journal({**SALE, "state": "reversed"}), "orig_declined"),
        ("void", Journal(SALE, later("void")), "orig_voided"),
        ("tip", Journal(SALE, later("void")), "orig_voided"),
    ],
)
def test_why_it_is_none(kind, journal, words):
    txn, t = asked_for(kind, journal)
    assert txn is None
    ((screen, _, _, said, _),) = t.shown
    pattern = re.escape(language.say(words)).replace(r"\{\}", ".+")
    assert screen == "message" and re.fullmatch(pattern, said)


@pytest.mark.parametrize(
    "other",
    [
        later("void", state="reversed"),
        later("void", state="declined"),
        later("void", orig_batch=6),
        later("void", orig_trace=4),
        later("tip", state="declined", amount=60000),
    ],
)
def test_what_did_not_happen_to_it(other):
    txn, _ = asked_for("void", Journal(SALE, other))
    assert txn["amount"] == 50000 and "base" not in txn


def test_its_amount_is_the_one_after_a_tip():
    txn, t = asked_for("void", Journal(SALE, later("tip", amount=55000)))
    assert (txn["amount"], txn["base"]) == (55000, 50000)
    assert t.shown[0][3] == 55000


def test_cancelled_or_not_known():
    assert asked_for("void", Journal(SALE), None)[0] is None
    assert asked_for("completion", Journal(SALE), "")[0] == {}
    t = Terminal(Journal(SALE), {"ask": "2", "confirm": False})
    assert run(original, t, "void") is None


# how the cardholder is verified


@pytest.mark.parametrize(
    ("cvm", "fen", "typed", "params", "how"),
    [
        (outcome.NO_CVM, 100000, None, {}, "none 100000"),
        (outcome.NO_CVM, 100001, None, {}, "none_sign"),
        (outcome.NO_CVM, 100000, None, {"no_sign_on": 0}, "none_sign"),
        (outcome.NO_CVM, 20000, None, {"no_pin_max": 30000}, "none 30000"),
        (outcome.NO_CVM, 40000, None, {"no_pin_max": 30000}, "none"),
        (outcome.ONLINE_PIN, 100000, b"1234", {}, "pin 100000"),
        (outcome.ONLINE_PIN, 100001, b"1234", {}, "pin_sign"),
        (outcome.ONLINE_PIN, 100, b"", {}, "signature"),
        (outcome.SIGNATURE, 100, None, {}, "signature"),
        (outcome.CDCVM, 500000, None, {}, "cdcvm"),
        (outcome.CDCVM, 500000, b"1234", {"cdcvm_on": 0}, "pin_sign"),
    ],
)
def test_the_policy(monkeypatch, cvm, fen, typed, params, how):
    asked = []

    async def ask(*args):
        asked.append(args)
        return bytearray(typed)

    monkeypatch.setattr(entry, "pin", ask)
    txn = {"kind": "sale", "amount": fen, "pan": ""}
    assert run(pin, Terminal(**params), txn, cvm) == (typed or b"")
    assert txn["cvm"] == how
    assert bool(asked) == (typed is not None)
    assert language.say("cvm_" + how.split()[0]) != "cvm_" + how.split()[0]


def test_a_refund_asks_no_pin_and_is_signed(monkeypatch):
    monkeypatch.setattr(entry, "pin", None)
    txn = {"kind": "refund", "amount": 100, "pan": ""}
    assert run(pin, Terminal(), txn, outcome.ONLINE_PIN) == b""
    assert txn["cvm"] == "signature"
    run(pin, Terminal(), txn, outcome.NO_CVM)
    assert txn["cvm"] == "none_sign"


# a payment


class Card:
    pan, expiry, psn, track2, f55 = "6212345678901232", "3012", "01", "6212=30", b"\x82\x00"


def pay(kind, answers, card=None, result=outcome.ONLINE):
    flags = unionpay.transaction(kind)[5]
    answers = {"begin": flags, "holder": lambda *_: Card(), "pin": bytearray(), **answers}
    answers.setdefault("card", (result, 0, 0, {}))
    t = Terminal(Journal({**SALE, "state": "approved"}), answers)
    txn = {"kind": kind, "amount": 1, "state": "begun", "trace": 2, "f55": b"\x82\x00"}
    run(payment, t, txn, card)
    return t, txn


def approve(txn, *_):
    txn["state"] = "approved"


def test_a_payment_that_is_approved():
    t, _ = pay("sale", {"authorise": approve})
    steps = ["begin", "card", "holder", "listed", "pin", "authorise", "approved", "printing"]
    assert t.told == steps


def test_a_payment_that_the_host_refuses_is_told_after_it():
    def refuse(txn, *_):
        txn.update(state="declined", rc="51")

    t, txn = pay("sale", {"authorise": refuse})
    assert t.told[-2:] == ["authorise", "refused"] and txn["state"] == "declined"


@pytest.mark.parametrize(
    "answers",
    [
        {"card": None},
        {"holder": None},
        {"pin": None},
        {"listed": True},
        {"card": (outcome.DECLINED, outcome.MSG_NOT_AUTHORISED, 0, {})},
        {"card": (outcome.END, outcome.MSG_OTHER_CARD, 0, {})},
    ],
)
def test_what_ends_before_the_host_is_cancelled(answers):
    t, txn = pay("preauth", answers)
    assert t.journal.closed == [("preauth", "cancelled")]
    assert "authorise" not in t.told


def test_what_cannot_begin_is_not_closed_either():
    t, _ = pay("sale", {"begin": None})
    assert t.told == ["begin"] and not t.journal.closed


def test_a_silence_is_left_to_the_shift_but_where_it_costs_nothing():
    def silent(txn, *_):
        txn["state"] = "sending"
        return "98"

    t, txn = pay("refund", {"authorise": silent})
    assert t.told[-1] == "authorise" and t.unsure == "98"
    t, txn = pay("balance", {"authorise": silent})
    assert t.told[-1] == "authorise" and t.shown[-1][:2] == ("message", "bad")
    assert not t.journal.closed and not t.unsure


class Off(Exception):
    """The end of a shift that has none."""


def test_what_a_sale_leaves_open_is_taken_back_before_the_next_and_what_it_owes_is_printed():
    from pos.flows import shift

    idle = iter(("1",))

    def sell(_):
        t.unsure = "A0"

    def take_back(reason):
        reasons.append(reason)

    def wait(_):
        for key in idle:
            return key
        raise Off

    reasons = []
    t = Terminal(answers={"idle": wait, "sale": sell, "reversal": take_back}, copies=2)
    t.ui, t.uptime = Status(), lambda: 0
    t.journal.owed = lambda *_: (0, 0)
    t.unsure, t.reports, t.owed = "", False, 0
    with pytest.raises(Off):
        asyncio.run(shift._work(t))
    assert t.told == ["power", "idle", "sale", "reversal", "printing", "power", "idle"]
    assert reasons == ["A0"] and not t.unsure


class Status:
    def set_status(self, **signs):
        pass


def test_an_advice_keeps_what_the_journal_does_not_have():
    """It may have to be sent again as it was: no track; of a refund no chip data either."""
    sent = {}

    def send(txn, card, _):
        sent[txn["kind"]] = card.track2, card.f55, txn["f55"], txn.get("org")

    pay("notice", {"authorise": send})
    pay("refund", {"authorise": send})
    pay("sale", {"authorise": send})
    assert sent["notice"] == ("", b"\x82\x00", b"\x82\x00", "CUP")
    assert sent["refund"] == ("", None, None, "CUP")
    assert sent["sale"][0] == Card.track2


def test_whose_card_it_is_goes_by_the_application_unless_the_original_knows():
    orgs = []

    def send(txn, *_):
        orgs.append(txn["org"])
        txn["state"] = "approved"

    def paid(pan, **more):
        class Other(Card):
            pass

        Other.pan = pan
        answers = {"begin": lambda txn: txn.update(more) or "MRd", "holder": lambda *_: Other()}
        pay("sale", {**answers, "authorise": send})

    paid("6212345678901232")
    paid("4761739001010119")
    paid("4761739001010119", aid="A000000333010102")
    paid("6212345678901232", org="MCC")
    assert orgs == ["CUP", "VIS", "CUP", "MCC"]


def test_an_approval_of_the_card_itself():
    t, txn = pay("sale", {"vouch": approve}, result=outcome.APPROVED)
    assert txn["kind"] == "ec_sale" and txn["cvm"] == "ec"
    assert txn["f55"].endswith(bytes.fromhex("8A025931"))
    assert t.told[-2:] == ["vouch", "printing"]


def test_what_waits_for_the_host_goes_before_a_sale_that_asks_it():
    for told, done in ((False, "cancelled"), (True, "approved")):
        t = Terminal(Journal(), {"upload": told, "authorise": approve, "pin": bytearray()})
        t.answers |= {"begin": "MRd", "holder": Card(), "card": (outcome.ONLINE, 0, 0, {})}
        t.journal.waiting = lambda: SALE
        txn = {"kind": "sale", "amount": 1, "state": "begun", "trace": 2}
        run(payment, t, txn)
        assert txn["state"] == done
        assert ("authorise" in t.told) == told


def test_only_a_sale_is_approved_by_the_card():
    t, txn = pay("preauth", {}, result=outcome.APPROVED)
    assert txn["state"] == "cancelled" and "vouch" not in t.told


def test_a_voice_authorisation_asks_no_host():
    t, txn = pay("offline", {"vouch": approve}, Card())
    assert t.told == ["begin", "listed", "vouch", "printing"]
    assert txn["pan"] == "621234******1232" and txn["cvm"] == "signature"


# the menu


def stories():
    pages = re.search(r'_PAGES = """(.*?)"""', Path(menu.__file__).read_text(), re.DOTALL)
    assert pages
    rows = pages[1].replace("\\\n", "").split("\n")
    return {row.split()[0]: row.split()[1:] for row in rows if row}


def test_every_item_leads_to_a_story_or_a_page_and_has_words():
    pages = stories()
    for items in pages.values():
        for item in items:
            word, _, story = item.partition("=")
            assert language.say(word) != word
            name, _, given = story.partition(":")
            told_by_shift = name in ("log_off", "lock")
            assert word in pages if not name else told_by_shift or (FLOWS / f"{name}.py").exists()
            plain = name in ("printing", "settled", "query", "totals", "paper", "care", "selftest")
            plain = plain or given == "typed"
            if given and not plain:
                assert unionpay.transaction(given)[5]


def test_every_kind_can_be_chosen():
    items = " ".join(" ".join(row) for row in stories().values())
    kinds = set(re.findall(r"[=:](\w+)", items))
    rows = [row.split() for row in unionpay.TRANSACTIONS.split("\n") if row]
    money = {row[0] for row in rows if row[6][0] == "M"} - {"reversal", "script", "ec_sale"}
    assert money <= kinds


@pytest.mark.parametrize(
    ("choices", "story", "seen"),
    [
        ([0], "sale", ["Menu"]),
        ([None], None, ["Menu"]),
        ([3, 0], "preauth:preauth", ["Menu", "Pre-authorisation"]),
        ([3, None, 1], "void:void", ["Menu", "Pre-authorisation", "Menu"]),
    ],
)
def test_a_choice_and_the_way_back(monkeypatch, choices, story, seen):
    titles = []

    async def choose(_ui, title, names, timeout_ms):
        assert timeout_ms
        titles.append(title)
        return choices.pop(0)

    monkeypatch.setattr(entry, "choose", choose)
    assert run(menu, Terminal()) == story
    assert titles == seen


def test_a_supervisor_is_asked_until_right_or_cancelled():
    verdicts = [False, False, True]
    t = Terminal(answers={"prove": lambda *_: verdicts.pop(0)})
    assert run(supervisor, t) and len(t.told) == 3
    verdicts[:] = [False, None]
    assert not run(supervisor, t)


def test_the_limit_of_an_amount(monkeypatch):
    async def ask(_ui, *args):
        return args

    monkeypatch.setattr(entry, "amount", ask)
    assert run(amount, Terminal(), "tip", None, 900) == (900, None, 120000, "Tip")
    assert run(amount, Terminal(), "sale", "7") == (5000000, "7", 120000, "Sale")
