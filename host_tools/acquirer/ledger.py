"""The ledger: merchants, terminals, cards, transactions and the double-entry books behind them.

Work is done inside ``with ledger.begin() as work``: all of it is committed at the end, or none.
The query functions at the bottom may be called from any thread; auditors and tests use them.
"""

import functools
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from pyemv import tlv
from sqlalchemy import Engine, Select, create_engine, event, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import NullPool

from host_tools.acquirer import books, migrations, scripts
from host_tools.acquirer.books import FEES, hold_book, merchant_book
from host_tools.acquirer.keystore import KeyStore
from host_tools.acquirer.log import mask_pan
from host_tools.acquirer.models import (
    Account,
    Base,
    Book,
    ClosedBatch,
    Entry,
    IssuerKey,
    Merchant,
    Posting,
    Script,
    Terminal,
    Transaction,
)
from host_tools.acquirer.settings import Settings

MEMORY = "sqlite://"  # the URL of a ledger in memory
_MEMORIES = (MEMORY, "sqlite:///:memory:")
_SCRIPT_TEMPLATES = ("71", "72")
_SCRIPT_MOST = 200  # bytes; F55 has 255 and the issuer's authentication needs some

_ADVISORY_LOCK = 8584


_Row = TypeVar("_Row")


class GroupBroken(BaseException):
    """A group of units of work was rolled back. Nobody but who opened the group may catch it."""


@dataclass(frozen=True)
class TransactionRow:
    """What an auditor sees of a transaction. ``amount`` in fen; ``stan`` and ``batch`` six digits.

    ``state`` approved, declined or reversed. A reversal that came before its original is
    "reversed" with ``response_code`` None: nothing was ever booked. ``amount`` is the amount in
    force, ``effect`` what was added to the card's book, ``fee`` what was taken from the merchant.
    ``original``: batch and trace of what it voids, completes, refunds or changes. ``ended``: a
    void, or a completion, has ended it. ``organisation``: whose card it was.
    """

    terminal_id: str
    batch: str
    stan: str
    kind: str
    state: str
    amount: int
    pan_masked: str
    response_code: str | None
    reversal_code: str | None
    rrn: str | None
    auth_code: str | None
    at: datetime
    effect: int
    fee: int
    tip: int
    held: int
    refunded: int
    original: tuple[str, str] | None
    ended: bool
    entry_mode: str
    condition: str
    organisation: str


class Work:
    """One unit of work: everything a handler may do to the ledger."""

    def __init__(self, session: Session, keys: KeyStore) -> None:
        self.session = session
        self.keys = keys

    def terminal(self, terminal_id: str) -> Terminal | None:
        """The terminal of that number."""
        with self.session.no_autoflush:
            return self.session.get(Terminal, terminal_id)

    def merchant(self, merchant_id: str) -> Merchant | None:
        """The merchant of that number."""
        with self.session.no_autoflush:
            return self.session.get(Merchant, merchant_id)

    def account(self, pan: str) -> Account | None:
        """The card account."""
        tag = self.keys.pan_tag(pan)
        return self._once(Account, tag, select(Account).where(Account.pan_tag == tag))

    def _once(self, kind: type[_Row], name: str, query: Select[Any]) -> _Row | None:
        """What a query finds; asked once in a transaction, in which nobody else writes."""
        key = (kind, name)
        found = self.session.info.get(key)
        if found is None:
            with self.session.no_autoflush:  # new ones are flushed by who makes them
                found = self.session.scalar(query)
            if found is not None:
                self.session.info[key] = found
        return found

    def account_of(self, txn: Transaction) -> Account | None:
        """The card account of a transaction, locked where the database can.

        What is done to a transaction is done under the lock of its card, so it is read anew.
        """
        query = select(Account).where(Account.pan_tag == txn.pan_tag)
        account = self.session.scalar(query.with_for_update())
        self.session.refresh(txn)
        return account

    def find(self, terminal_id: str, batch: str, trace: str) -> Transaction | None:
        """The transaction that the terminal sent under this batch and trace."""
        query = select(Transaction).filter_by(terminal_id=terminal_id, batch=batch, trace=trace)
        with self.session.no_autoflush:  # what is recorded is flushed already
            return self.session.scalar(query)

    def last_trace(self, terminal_id: str, batch: str) -> str:
        """The highest trace seen in a batch, "" when there is none."""
        query = select(func.max(Transaction.trace))
        return self.session.scalar(query.filter_by(terminal_id=terminal_id, batch=batch)) or ""

    def record(self, transaction: Transaction) -> Transaction:
        """Store a new transaction; IntegrityError when terminal, batch and trace are taken."""
        self.session.add(transaction)
        self.session.flush()
        return transaction

    def book(self, name: str) -> Book:
        """The book of that name, opened if it is new."""
        found = self._once(Book, name, select(Book).filter_by(name=name))
        if found is None:
            found = Book(name=name, balance=0)
            self.session.add(found)
            self.session.flush()
            self.session.info[(Book, name)] = found
        return found

    def post(
        self,
        kind: str,
        moves: list[tuple[Book, int]],
        at: datetime,
        txn: Transaction | None = None,
    ) -> None:
        """One booking. ``moves``: (book, fen to add); ValueError unless they sum to zero."""
        if sum(amount for _, amount in moves):
            raise ValueError("postings do not balance")
        entry = Entry(kind=kind, at=at, transaction_id=txn.id if txn else None)
        for book, amount in moves:
            entry.postings.append(Posting(book=book, amount=amount))
            book.balance += amount
        self.session.add(entry)

    def reverse(self, txn: Transaction, at: datetime) -> None:
        """Book the opposite of all that was booked for ``txn``."""
        query = (
            select(Book.name, Posting.amount)
            .join(Posting, Posting.book_id == Book.id)
            .join(Entry, Entry.id == Posting.entry_id)
            .where(Entry.transaction_id == txn.id)
            .order_by(Posting.id)
        )
        rows = self.session.execute(query).all()
        moves = [(self.book(name), -amount) for name, amount in rows]
        self.post("reversal", moves, at, txn)

    def batch_closed(self, terminal_id: str, batch: str) -> bool:
        """Whether this batch of a terminal was settled."""
        return self.session.get(ClosedBatch, (terminal_id, batch)) is not None

    def close_batch(self, terminal_id: str, batch: str, at: datetime) -> None:
        """Settled: nothing in this batch can be voided or adjusted any more. Twice is once."""
        if not self.batch_closed(terminal_id, batch):
            self.session.add(ClosedBatch(terminal_id=terminal_id, batch=batch, at=at))
            self.session.flush()

    def pending_script(self, account: Account) -> Script | None:
        """The oldest issuer script of a card whose result has not come."""
        query = select(Script).filter_by(account_id=account.id, result=None).order_by(Script.id)
        with self.session.no_autoflush:  # a result that is not yet written counts all the same
            pending = self.session.scalars(query).all()
        return next((script for script in pending if script.result is None), None)

    def script_done(self, pan: str, result: bytes) -> bool:
        """The terminal's report (DF31) for the script that was sent; False when none was.

        One that has not reached the card waits on.
        """
        account = self.account(pan)
        script = self.pending_script(account) if account is not None else None
        if script is None or not script.sent:
            return False
        if scripts.performed(result):
            script.result = result
        return True

    def add_merchant(self, merchant_id: str, name: str, cents_decide: bool = False) -> None:
        """Create or change a merchant; its rates stay."""
        row = Merchant(id=merchant_id, name=name, cents_decide=cents_decide)
        self.session.merge(row)
        self.session.flush()

    def set_fees(self, merchant_id: str, debit_bp: int, credit_bp: int, cap_fen: int = 0) -> None:
        """A merchant's rates for what is booked from now on.

        Hundredths of a percent; ``cap_fen`` is the most for one payment by debit card, 0: no cap.
        Raises KeyError for a merchant that is not known, ValueError for rates that cannot be.
        """
        merchant = self.merchant(merchant_id)
        if merchant is None:
            raise KeyError("no such merchant")
        if not (0 <= debit_bp <= 10_000 and 0 <= credit_bp <= 10_000 and cap_fen >= 0):
            raise ValueError("a rate is 0 to 10000 hundredths of a percent")
        merchant.fee_bp_debit, merchant.fee_bp_credit = debit_bp, credit_bp
        merchant.fee_cap_fen = cap_fen

    def add_terminal(self, terminal_id: str, merchant_id: str, tmk: bytes) -> None:
        """Create a terminal with its TMK (16 bytes); a known one keeps batch and working keys."""
        wrapped = self.keys.wrap(f"{terminal_id} tmk", tmk)
        row = self.session.get(Terminal, terminal_id)
        if row is None:
            row = Terminal(id=terminal_id, batch=1, signed_in=False)
            self.session.add(row)
        row.merchant_id, row.tmk = merchant_id, wrapped
        self.session.flush()

    def add_issuer(self, issuer_bin: str, name: str, imk: bytes) -> None:
        """Create or change an issuer's master key for cryptograms (16 bytes)."""
        wrapped = self.keys.wrap(f"{issuer_bin} imk", imk)
        self.session.merge(IssuerKey(bin=issuer_bin, name=name, imk=wrapped))

    def add_account(self, card: dict[str, Any], at: datetime) -> bool:
        """Open a card account; False when the card is known already (nothing is changed).

        ``card``: pan, psn, expiry (YYMM), pin (or None), balance_fen, status, credit.
        """
        pan = card["pan"]
        if self.account(pan) is not None:
            return False
        salt = secrets.token_bytes(16)
        tag = self.keys.pan_tag(pan)
        pin = card.get("pin")
        account = Account(
            pan_tag=tag,
            pan_masked=mask_pan(pan),
            psn=card.get("psn", "00"),
            expiry=card["expiry"],
            status=card.get("status", "active"),
            pin_salt=salt,
            pin_value=self.keys.pin_value(salt, pan, pin) if pin else None,
            credit=bool(card.get("credit", False)),
            book=self.book(f"card {tag}"),
        )
        self.session.add(account)
        self.session.info[(Account, tag)] = account
        opening = int(card.get("balance_fen", 0))
        self.post("opening", [(account.book, opening), (self.book("equity"), -opening)], at)
        return True


class Ledger(Settings):
    """A database by SQLAlchemy URL, and the key store for what is secret in it.

    Opening brings the tables up to date (migrations). It raises KeyStoreError when the database
    belongs to another host master key, SchemaError when a newer program made it. ``image``: what a
    ledger in memory begins with, the ``image`` of another.
    """

    def __init__(self, url: str, keys: KeyStore, image: bytes = b"") -> None:
        self.keys = keys
        self._engine = _memory_engine() if url in _MEMORIES else make_engine(url)
        # A database in memory is its one connection
        self._connection = self._engine.connect() if url in _MEMORIES else None
        # One unit of work at a time: balances are read, then written. SQLite has one writer
        # anyway, and waiting here is fairer than in its busy loop.
        self._lock = threading.RLock()
        self._group: Session | None = None
        self._shared = self._engine.dialect.name == "postgresql"
        self._sessions = sessionmaker(self._connection or self._engine, expire_on_commit=False)
        event.listen(self._sessions, "loaded_as_persistent", self._keep)
        if self._connection is None:
            migrations.upgrade(self._engine)
        elif image:
            self._driver().deserialize(image)
        else:  # always new, and quicker than by its versions
            Base.metadata.create_all(self._connection)
            self._connection.commit()
        self._check_keys()

    def _driver(self) -> Any:
        """SQLite's own connection of a ledger in memory."""
        assert self._connection is not None
        return self._connection.connection.driver_connection

    def image(self) -> bytes:
        """All of a ledger in memory, as far as it is committed."""
        with self._lock:
            return self._driver().serialize()

    def _check_keys(self) -> None:
        """A ledger under another master key would look like one whose cards are all unknown."""
        with self.begin() as work:
            terminal = work.session.scalar(select(Terminal).limit(1))
            if terminal is not None:
                self.keys.unwrap(f"{terminal.id} tmk", terminal.tmk)

    def _keep(self, session: Session, row: object) -> None:
        """A group holds on to what it has read: a session alone would read it again."""
        if session is self._group:
            session.info.setdefault("read", []).append(row)

    @contextmanager
    def begin(self) -> Iterator[Work]:
        """A unit of work, committed on leaving, rolled back by an exception.

        Inside ``group`` it is part of that transaction, and an exception raises GroupBroken.
        """
        with self._lock:
            if self._group is not None:
                try:
                    yield Work(self._group, self.keys)
                except Exception as error:
                    raise GroupBroken from error
                return
            with self._transaction() as session:
                yield Work(session, self.keys)

    @contextmanager
    def group(self) -> Iterator[None]:
        """One transaction (and one sync of the disk) for all units of work inside, of this thread.

        GroupBroken: one of them failed, none of them happened; do them again one by one.
        """
        with self._lock:
            try:
                with self._transaction() as self._group:
                    yield
            except SQLAlchemyError as error:
                raise GroupBroken from error
            finally:
                self._group = None

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        with self._sessions.begin() as session:
            if self._shared:  # with other hosts: they wait too
                session.execute(select(func.pg_advisory_xact_lock(_ADVISORY_LOCK)))
            yield session

    def close(self) -> None:
        """Let go of all connections."""
        if self._connection is None:
            self._engine.dispose()
        else:
            self._connection.close()

    # -- queries for auditors, demos and tests; safe from any thread --

    def transactions(self, terminal_id: str | None = None) -> list[TransactionRow]:
        """All transactions, or those of one terminal, in the order they came."""
        query = select(Transaction).order_by(Transaction.id)
        if terminal_id is not None:
            query = query.filter_by(terminal_id=terminal_id)
        with self.begin() as work:
            return [_row(transaction) for transaction in work.session.scalars(query)]

    def balance(self, pan: str) -> int:
        """Fen on a card. KeyError (without the PAN) when the card is not known."""
        with self.begin() as work:
            account = work.account(pan)
            if account is None:
                raise KeyError("no such card")
            return account.book.balance

    def merchant_balance(self, merchant_id: str) -> int:
        """Fen owed to a merchant."""
        with self.begin() as work:
            return work.book(merchant_book(merchant_id)).balance

    def held(self, pan: str) -> int:
        """Fen that are held on a card. KeyError (without the PAN) when it is not known."""
        with self.begin() as work:
            account = work.account(pan)
            if account is None:
                raise KeyError("no such card")
            return work.book(hold_book(account.pan_tag)).balance

    def fees(self, merchant_id: str) -> int:
        """Fen that a merchant has paid in fees, less what was taken back."""
        query = (
            select(func.coalesce(func.sum(Posting.amount), 0))
            .join(Entry, Entry.id == Posting.entry_id)
            .join(Transaction, Transaction.id == Entry.transaction_id)
            .join(Book, Book.id == Posting.book_id)
            .where(Book.name == FEES, Transaction.merchant_id == merchant_id)
        )
        with self.begin() as work:
            return work.session.scalar(query) or 0

    def set_fees(self, merchant_id: str, debit_bp: int, credit_bp: int, cap_fen: int = 0) -> None:
        """As Work.set_fees."""
        with self.begin() as work:
            work.set_fees(merchant_id, debit_bp, credit_bp, cap_fen)

    def queue_script(self, pan: str, template: str) -> None:
        """An issuer script for a card: hex of a whole template 71 or 72.

        It goes with each online approval of the card's chip until it has reached the card. A
        command whose Lc counts 4 to 8 bytes more than there are gets a MAC of that length then.
        Raises KeyError (without the PAN) for an unknown card, ValueError for what is no template.
        """
        data = bytes.fromhex(template)
        whole = scripts.complete(data, lambda *_: bytes(8))
        tags = tlv.decode(data) if 2 < len(whole) <= _SCRIPT_MOST else {}
        if list(tags) not in ([tag] for tag in _SCRIPT_TEMPLATES):
            raise ValueError("one template 71 or 72 of at most 200 bytes is needed")
        with self.begin() as work:
            account = work.account(pan)
            if account is None:
                raise KeyError("no such card")
            work.session.add(Script(account_id=account.id, template=data))

    def unlock_pin(self, pan: str) -> None:
        """Give a card its PIN tries back. KeyError (without the PAN) when it is not known."""
        with self.begin() as work:
            account = work.account(pan)
            if account is None:
                raise KeyError("no such card")
            account.pin_failures = 0

    def check(self) -> list[str]:
        """What does not add up, in words; empty when the ledger is sound.

        Every booking sums to zero, every book holds the sum of its postings, an approved
        transaction is booked exactly once and as its kind says, a reversed one also taken back, a
        declined one never; what was voided, completed, refunded or changed was so by what is
        linked to it, and what is held is what open pre-authorisations hold.
        """
        with self.begin() as work:
            return list(books.check(work.session))


def make_engine(url: str) -> Engine:
    """The engine of a database URL; SQLite with write-ahead log, full sync, foreign keys."""
    engine = create_engine(url)
    return _with_pragmas(engine) if url.startswith("sqlite") else engine


@functools.cache
def _memory_engine() -> Engine:
    """The engine of all databases in memory, each a connection: it compiles a query once."""
    unbound = {"check_same_thread": False}
    return _with_pragmas(create_engine(MEMORY, poolclass=NullPool, connect_args=unbound))


def _with_pragmas(engine: Engine) -> Engine:
    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _record: Any) -> None:
        # WAL with full sync: what was answered as booked survives the host's own power cut.
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    return engine


def _row(txn: Transaction) -> TransactionRow:
    return TransactionRow(
        terminal_id=txn.terminal_id,
        batch=txn.batch,
        stan=txn.trace,
        kind=txn.kind,
        state=txn.state,
        amount=txn.amount,
        pan_masked=txn.pan_masked,
        response_code=txn.response_code,
        reversal_code=txn.reversal_code,
        rrn=txn.rrn,
        auth_code=txn.auth_code,
        at=txn.at,
        effect=txn.effect,
        fee=txn.fee,
        tip=txn.tip,
        held=txn.held,
        refunded=txn.refunded,
        original=(txn.original.batch, txn.original.trace) if txn.original else None,
        ended=txn.ended_by_id is not None,
        entry_mode=txn.entry_mode,
        condition=txn.condition,
        organisation=txn.organisation,
    )
