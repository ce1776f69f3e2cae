"""Random stories of all kinds against a model of the money: each code, each fen, sound books."""

import random
from datetime import datetime

import pytest
from client import EXPIRY, IMK, PAN, PIN, PSN, TMK, Client, Done
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import text
from test_void import SHOP, START

from host_tools.acquirer import books, wire
from host_tools.acquirer.keystore import TEST_MASTER_KEY, KeyStore
from host_tools.acquirer.ledger import Ledger
from host_tools.acquirer.processor import Processor

RICH = 100_000  # fen that the card has when a story begins
AMOUNTS = st.integers(1, 400).map(lambda yuan: 100 * yuan)
PICK = st.integers(0, 1000)
PAYMENTS = ("sale", "instalment", "offline", "ec_sale")
REVERSIBLE = (
    *("sale", "instalment", "void", "instalment_void", "preauth", "preauth_void"),
    *("preauth_add", "completion", "completion_void"),
)
REFUNDABLE = ("sale", "completion", "notice", "offline", "ec_sale")
BATCHES = 9


class Direct(Client):
    """A terminal on no line: its frames go to the processor and nowhere else."""

    def __init__(self, processor: Processor) -> None:
        super().__init__(0)
        self._processor = processor
        self._replies: list[bytes] = []

    def send(self, frame: bytes) -> None:
        def note(error: Exception) -> None:
            raise error

        _, reply = self._processor.process(wire.parse(frame[2:]), note)
        self._replies.append(reply.encode())

    def _exactly(self, count: int) -> bytes:
        data, self._replies[0] = self._replies[0][:count], self._replies[0][count:]
        if not self._replies[0]:
            self._replies.pop(0)
        return data


class Row:
    """One approved transaction of the model; ``moved``: card, held, shop, fees."""

    def __init__(self, done: Done, amount: int, moved: tuple, on: "Row | None" = None) -> None:
        self.done, self.kind, self.moved, self.on = done, done.kind, moved, on
        self.amount, self.tip = amount, 0
        self.batch = done.fields[60][2:8]
        self.live, self.above = True, []
        if on is not None:
            on.above.append(self)

    def built(self, *kinds: str) -> "list[Row]":
        return [row for row in self.above if row.live and (not kinds or row.kind in kinds)]

    @property
    def ended(self) -> bool:
        ends = self.built("void", "instalment_void", "completion_void", "preauth_void")
        ends += [row for row in self.built("completion", "notice") if not row.ended]
        return bool(ends)

    @property
    def refunded(self) -> int:
        return sum(row.amount for row in self.built("refund"))

    @property
    def held(self) -> int:
        adds = sum(row.amount for row in self.built("preauth_add"))
        return self.amount + adds

    def charged(self) -> int:
        return self.moved[3] + sum(row.moved[3] for row in self.built("tip", "adjust", "refund"))


def fee(amount: int) -> int:
    return int(amount * 50 / 10_000 + 0.5)


def small_ledger() -> Ledger:
    """One merchant, one terminal, one card: quicker than a seeded one."""
    ledger = Ledger("sqlite://", KeyStore(TEST_MASTER_KEY))
    now = datetime(2026, 11, 23, 10, 15)
    card = {"pan": PAN, "psn": PSN, "expiry": EXPIRY, "pin": PIN, "balance_fen": START}
    with ledger.begin() as work:
        work.add_merchant(SHOP, "SHOP", cents_decide=True)
        work.set_fees(SHOP, 50, 0)
        work.add_terminal("12345678", SHOP, TMK)
        work.add_issuer(PAN[:6], "", IMK)
        work.add_account(card, now)
    return ledger


class Stories(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.ledger = small_ledger()
        self.client = Direct(Processor(self.ledger))
        self.client.sign_in()
        self.rows: list[Row] = []
        self.closed: set[str] = set()
        self.money = [START, 0, 0, 0]
        self.steps = 0
        self.tell("sale", START - RICH, None, "00", self.paid(START - RICH))

    def teardown(self) -> None:
        found = self.ledger.check()
        self.ledger.close()
        assert found == []

    def paid(self, amount: int) -> tuple:
        return (-amount, 0, amount - fee(amount), fee(amount))

    def tell(self, kind, amount, on, code, moved, **changes) -> Row | None:
        done = self.client.do(kind, amount, on.done if on else None, **changes)
        assert done.code == code, (kind, amount)
        if code != "00":
            return None
        row = Row(done, amount, moved, on)
        self.rows.append(row)
        self.money = [a + b for a, b in zip(self.money, moved, strict=True)]
        return row

    def pick(self, number: int, *kinds: str) -> Row | None:
        rows = [row for row in self.rows if not kinds or row.kind in kinds]
        return rows[number % len(rows)] if rows else None

    def gone(self, row: Row) -> bool:
        return not row.live or row.ended

    @rule(kind=st.sampled_from(PAYMENTS), amount=AMOUNTS)
    def pay(self, kind, amount):
        poor = kind in ("sale", "instalment") and self.money[0] < amount
        self.tell(kind, amount, None, "51" if poor else "00", self.paid(amount))

    @rule(number=PICK)
    def void(self, number):
        row = self.pick(number, *PAYMENTS, "completion", "notice")
        kind = {"instalment": "instalment_void", "completion": "completion_void"}
        if row.kind not in ("sale", "instalment", "completion"):
            code = "25"
        elif self.gone(row) or row.refunded:
            code = "12"
        else:
            code = "22" if row.batch in self.closed else "00"
        changes = row.built("tip", "adjust")
        moved = tuple(-sum(r.moved[i] for r in (row, *changes)) for i in range(4))
        self.tell(kind.get(row.kind, "void"), row.amount, row, code, moved)

    @rule(number=PICK, amount=AMOUNTS, whole=st.booleans())
    def refund(self, number, amount, whole):
        row = self.pick(number, *PAYMENTS, "completion", "notice")
        amount = row.amount - row.refunded if whole and row.refunded < row.amount else amount
        if row.kind not in REFUNDABLE:
            code = "25"
        elif self.gone(row):
            code = "12"
        else:
            code = "61" if row.refunded + amount > row.amount else "00"
        taken = row.charged()
        kept = row.moved[3] + sum(r.moved[3] for r in row.built("tip", "adjust"))
        share = int(kept * (row.refunded + amount) / row.amount + 0.5)
        back = taken - (kept - share)
        self.tell("refund", amount, row, code, (amount, 0, back - amount, -back))

    @rule(number=PICK, amount=AMOUNTS, kind=st.sampled_from(("tip", "adjust")))
    def change(self, number, amount, kind):
        row = self.pick(number, *PAYMENTS)
        total = row.amount - row.tip + amount if kind == "tip" else amount
        if row.kind not in (("sale", "offline") if kind == "tip" else ("offline",)):
            code = "25"
        elif self.gone(row) or row.refunded:
            code = "12"
        else:
            code = "22" if row.batch in self.closed else "00"
        more = total - row.amount
        fees = fee(total) - row.charged()
        tip = {"f48": f"{amount:012d}"} if kind == "tip" else {}
        if self.tell(kind, total, row, code, (-more, 0, more - fees, fees), **tip):
            row.amount, row.tip = total, amount if kind == "tip" else 0

    @rule(amount=AMOUNTS)
    def preauth(self, amount):
        poor = self.money[0] < amount
        self.tell("preauth", amount, None, "51" if poor else "00", (-amount, amount, 0, 0))

    @precondition(lambda self: self.pick(0, "preauth"))
    @rule(number=PICK, amount=AMOUNTS)
    def add(self, number, amount):
        row = self.pick(number, "preauth")
        code = "12" if self.gone(row) else "51" if self.money[0] < amount else "00"
        self.tell("preauth_add", amount, row, code, (-amount, amount, 0, 0))

    @precondition(lambda self: self.pick(0, "preauth"))
    @rule(number=PICK)
    def preauth_void(self, number):
        row = self.pick(number, "preauth")
        code = "12" if self.gone(row) else "00"
        self.tell("preauth_void", row.held, row, code, (row.held, -row.held, 0, 0))

    @precondition(lambda self: self.pick(0, "preauth"))
    @rule(
        number=PICK,
        amount=AMOUNTS,
        whole=st.booleans(),
        kind=st.sampled_from(("completion", "notice")),
    )
    def complete(self, number, amount, whole, kind):
        row = self.pick(number, "preauth")
        amount = row.held if whole else amount
        if self.gone(row):
            code = "12"
        elif amount > row.held * 1.15:
            code = "61"
        else:
            poor = kind == "completion" and self.money[0] + row.held < amount
            code = "51" if poor else "00"
        fees = fee(amount)
        self.tell(kind, amount, row, code, (row.held - amount, -row.held, amount - fees, fees))

    @rule(number=PICK)
    def reverse(self, number):
        row = self.pick(number, *REVERSIBLE)
        if not row.live:
            code = "00"
        elif row.built() or (row.kind == "preauth_add" and row.on.ended):
            code = "12"
        elif row.kind == "completion_void":
            preauth, held = row.on.on, -row.on.moved[1]
            code = "12" if preauth.ended or preauth.held != held else "00"
        else:
            code = "00"
        assert self.client.undo(row.done) == code, row.kind
        if code == "00" and row.live:
            row.live = False
            self.money = [a - b for a, b in zip(self.money, row.moved, strict=True)]

    @rule(number=PICK)
    def repeat(self, number):
        row = self.pick(number)
        again = self.client.again(row.done)
        if again.reply["t"] == "0230":
            assert again.reply[37] == row.done.reply[37]
            assert again.code == "00"
        else:
            assert again.code == "94"

    @precondition(lambda self: len(self.closed) < BATCHES)
    @rule()
    def settle(self):
        with self.ledger.begin() as work:
            at = self.ledger.transactions()[0].at
            work.close_batch(self.client.terminal, self.client.batch, at)
        self.closed.add(self.client.batch)
        self.client.batch = f"{int(self.client.batch) + 1:06d}"

    @invariant()
    def every_fen_is_where_it_should_be(self):
        ledger = self.ledger
        found = [ledger.balance(PAN), ledger.held(PAN)]
        found += [ledger.merchant_balance(SHOP), ledger.fees(SHOP)]
        assert found == self.money
        self.steps += 1
        if self.steps % 8 == 0:
            assert ledger.check() == []
            rows = [row for row in ledger.transactions() if row.state == "approved"]
            assert sum(row.effect for row in rows) == self.money[0] - START


TestStories = Stories.TestCase
TestStories.settings = settings(
    max_examples=10,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("seed", range(2))
def test_a_long_story(seed):
    """The same rules, each as often as the others: Hypothesis prefers some."""
    dice = random.Random(seed)
    story = Stories()
    seen = set()
    tell = story.tell

    def told(kind, amount, on, code, moved, **changes):
        seen.add(code)
        return tell(kind, amount, on, code, moved, **changes)

    story.tell = told
    for _ in range(150):
        number, amount = dice.randrange(1000), 100 * dice.randint(1, 400)
        whole, kind = dice.random() < 0.5, dice.choice(("completion", "notice"))
        steps = [
            lambda n=number: story.void(n),
            lambda n=number, a=amount, w=whole: story.refund(n, a, w),
            lambda n=number, a=amount: story.change(n, a, dice.choice(("tip", "adjust"))),
            lambda n=number: story.reverse(n),
            lambda n=number: story.repeat(n),
            lambda a=amount: story.pay(dice.choice(PAYMENTS), a),
            lambda a=amount: story.preauth(a),
        ]
        if story.pick(0, "preauth"):
            steps += [
                lambda n=number, a=amount // 400 * 100 + 100: story.add(n, a),
                lambda n=number: story.preauth_void(n),
                lambda n=number, a=amount, w=whole, k=kind: story.complete(n, a, w, k),
            ]
        dice.choice(steps)()
        if dice.random() < 0.03:
            story.settle()
        story.every_fen_is_where_it_should_be()
    story.teardown()
    assert {"00", "12", "22", "25", "51", "61"} <= seen


MISNAMED = "UPDATE entries SET kind = 'sale' WHERE kind = '{}'"


class Undone(Exception):
    """Takes the damage back."""


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE transactions SET effect = effect + 1 WHERE kind = '{}'",
        "UPDATE transactions SET fee = fee + 1 WHERE kind = '{}'",
        "UPDATE transactions SET held = held + 1 WHERE kind = '{}'",
        "UPDATE transactions SET refunded = refunded + 1 WHERE kind = '{}'",
        "UPDATE transactions SET ended_by_id = id WHERE kind = '{}'",
        "UPDATE transactions SET state = 'declined' WHERE kind = '{}'",
        MISNAMED,
    ],
)
def test_the_check_sees_damage_to_every_kind(damage):
    ledger = small_ledger()
    client = Direct(Processor(ledger))
    client.sign_in()
    for kind, story in STORIES.items():
        done = None
        for step in story:
            amount = 1000 + 100 * (step == "tip")
            more = {"f48": "000000000100"} if step == "tip" else {}
            done = client.do(step, amount, done, **more)
            assert done.code == "00"
        if (damage, kind) == (MISNAMED, "sale"):
            continue
        with pytest.raises(Undone), ledger.begin() as work:
            assert work.session.execute(text(damage.format(kind))).rowcount
            found = list(books.check(work.session))
            assert found, (kind, damage)
            raise Undone
    assert ledger.check() == []
    ledger.close()


STORIES = {
    "sale": ("sale",),
    "void": ("sale", "void"),
    "refund": ("sale", "refund"),
    "tip": ("sale", "tip"),
    "adjust": ("offline", "adjust"),
    "offline": ("offline",),
    "ec_sale": ("ec_sale",),
    "instalment": ("instalment",),
    "instalment_void": ("instalment", "instalment_void"),
    "preauth": ("preauth",),
    "preauth_void": ("preauth", "preauth_void"),
    "preauth_add": ("preauth", "preauth_add"),
    "completion": ("preauth", "completion"),
    "notice": ("preauth", "notice"),
    "completion_void": ("preauth", "completion", "completion_void"),
}
