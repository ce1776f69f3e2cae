"""The ledger on PostgreSQL: the same answers, the same books, several requests at a time."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from client import PAN, Client
from postgres import URL, cluster

from host_tools.acquirer import migrations, seed
from host_tools.acquirer.app import open_ledger
from host_tools.acquirer.ledger import Ledger, make_engine
from host_tools.acquirer.server import HostThread


@pytest.fixture(scope="module")
def server():
    """The URL of a PostgreSQL."""
    given = os.environ.get(URL)
    if given:
        yield given
        return
    with cluster() as url:
        yield url


@pytest.fixture
def url(server):
    """The URL of a PostgreSQL without tables."""
    engine = sa.create_engine(server)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    engine.dispose()
    return server


@pytest.fixture
def ledger(url, tmp_path):
    opened = open_ledger(url, tmp_path / "key", terminals=8)
    yield opened
    assert opened.check() == []
    opened.close()


def test_its_tables_are_those_of_the_models(url):
    engine = make_engine(url)
    assert migrations.current(engine) is None
    assert migrations.upgrade(engine) == ""
    assert migrations.upgrade(engine) == migrations.current(engine) == migrations.head()
    assert migrations.differences(engine) == []
    engine.dispose()


def test_two_hosts_open_a_new_database_at_once(url):
    engines = [make_engine(url) for _ in range(2)]
    with ThreadPoolExecutor(2) as both:
        assert sorted(both.map(migrations.upgrade, engines)) == ["", migrations.head()]
    for engine in engines:
        engine.dispose()


def test_sale_reversal_and_what_is_left(ledger):
    with HostThread(ledger) as host, Client(host.port) as client:
        assert client.sign_in()[39] == "00"
        before = ledger.balance(PAN)
        first = client.sale_fields(12800)
        assert client.exchange("0200", first, mac=True)[39] == "00"
        assert ledger.balance(PAN) == before - 12800
        assert client.reverse(first)[39] == "00"
        assert ledger.balance(PAN) == before
        assert [row.state for row in ledger.transactions()] == ["reversed"]


def test_seeding_again_changes_no_money(ledger, url, tmp_path):
    before = ledger.balance(PAN)
    again = open_ledger(url, tmp_path / "key", terminals=8)
    assert again.balance(PAN) == before
    again.close()


def test_terminals_pay_and_take_back_at_the_same_time_from_one_card(ledger):
    """Every second sale is reversed while others book on the same card and merchant."""
    each, amount = 12, 10000

    def visit(number: int) -> list[str]:
        terminal = f"{int(seed.TERMINAL_ID) + number:08d}"
        codes = []
        with Client(host.port, terminal=terminal) as client:
            codes.append(client.sign_in()[39])
            for turn in range(each):
                fields = client.sale_fields(amount)
                codes.append(client.exchange("0200", fields, mac=True)[39])
                if turn % 2:
                    codes.append(client.reverse(fields)[39])
        return codes

    before = ledger.balance(PAN)
    with HostThread(ledger) as host, ThreadPoolExecutor(8) as terminals:
        answers = list(terminals.map(visit, range(8)))
    assert {code for codes in answers for code in codes} == {"00"}
    left = 8 * each // 2 * amount
    assert before - ledger.balance(PAN) == left


def test_a_newer_database_is_refused(ledger, url, tmp_path):
    engine = make_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(migrations.SchemaError, match="schema 9999, made by a newer TapTill"):
        Ledger(url, ledger.keys)
    with engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE alembic_version SET version_num = :n"), {"n": migrations.head()}
        )
    engine.dispose()
