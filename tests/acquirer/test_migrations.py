"""The schema and its versions: new, older and newer databases, and how the next one is made."""

import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from client import PAN
from typer.testing import CliRunner

from host_tools import cli
from host_tools.acquirer import migrations
from host_tools.acquirer.app import open_ledger
from host_tools.acquirer.keystore import TEST_MASTER_KEY, KeyStore
from host_tools.acquirer.ledger import Ledger, make_engine
from host_tools.acquirer.models import Base

COMMAND = 'taptill host db revision "What changed"'


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture
def engine(url):
    made = make_engine(url)
    yield made
    made.dispose()


def schema(engine):
    """Tables as the database has them: columns, keys, indexes, whatever their order."""
    found = sa.inspect(engine)
    return {
        table: (
            {(c["name"], str(c["type"]), c["nullable"]) for c in found.get_columns(table)},
            found.get_pk_constraint(table)["constrained_columns"],
            {
                (tuple(f["constrained_columns"]), f["referred_table"])
                for f in found.get_foreign_keys(table)
            },
            {tuple(u["column_names"]) for u in found.get_unique_constraints(table)},
            {(i["name"], tuple(i["column_names"])) for i in found.get_indexes(table)},
        )
        for table in found.get_table_names()
        if table != "alembic_version"
    }


def test_the_versions_lead_to_the_models(engine):
    """If this fails the models have changed: COMMAND writes what is missing."""
    migrations.upgrade(engine)
    assert migrations.differences(engine) == [], f"run: {COMMAND}"


def test_a_ledger_in_memory_has_the_same_tables(engine):
    migrations.upgrade(engine)
    memory = make_engine("sqlite://")
    Base.metadata.create_all(memory)
    assert schema(memory) == schema(engine)
    memory.dispose()


OLD_ROWS = """
INSERT INTO merchants VALUES ('898100012340001', 'OLD SHOP', 0);
INSERT INTO books VALUES (1, 'card {tag}', 9900), (2, 'merchant 898100012340001', 100);
INSERT INTO books VALUES (3, 'equity', -10000);
INSERT INTO accounts VALUES
  (1, '{tag}', '621234******1232', '01', '3012', 'active', x'00', NULL, 0, 1);
INSERT INTO terminals (id, merchant_id, batch, signed_in, tmk)
  VALUES ('12345678', '898100012340001', 7, 0, x'{tmk}');
INSERT INTO transactions (id, terminal_id, batch, trace, merchant_id, kind, state, amount, pan_tag,
  pan_masked, response_code, rrn, auth_code, at) VALUES (1, '12345678', '000007', '000001',
  '898100012340001', 'sale', 'approved', 100, '{tag}', '621234******1232', '00', '632912000001',
  '104729', '2026-11-25 12:00:00');
INSERT INTO entries VALUES (1, NULL, 'opening', '2026-11-25 11:00:00');
INSERT INTO entries VALUES (2, 1, 'sale', '2026-11-25 12:00:00');
INSERT INTO postings VALUES (1, 1, 1, 10000), (2, 1, 3, -10000), (3, 2, 1, -100), (4, 2, 2, 100);
"""


def test_a_database_from_before_the_versions_keeps_what_is_in_it(engine, url):
    keys = KeyStore(TEST_MASTER_KEY)
    values = {"tag": keys.pan_tag(PAN), "tmk": keys.wrap("12345678 tmk", bytes(16)).hex()}
    with engine.connect() as connection, connection.begin():
        command.upgrade(migrations._config(connection), migrations.FIRST)
        for statement in OLD_ROWS.format(**values).split(";"):
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql("DROP TABLE alembic_version")
    assert migrations.current(engine) == migrations.FIRST
    ledger = Ledger(url, keys)
    assert migrations.current(engine) == migrations.head()
    assert (ledger.balance(PAN), ledger.merchant_balance("898100012340001")) == (9900, 100)
    (row,) = ledger.transactions()
    assert (row.state, row.amount, row.rrn, row.stan) == (
        "approved",
        100,
        "632912000001",
        "000001",
    )
    assert ledger.check() == []
    ledger.close()


@pytest.fixture
def next_models(monkeypatch, tmp_path):
    """Models that have a new table, a new column and a new key; versions in a folder of theirs."""
    folder = tmp_path / "versions_here"
    shutil.copytree(migrations.FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(migrations, "FOLDER", folder)
    metadata = sa.MetaData()
    for table in Base.metadata.tables.values():
        table.to_metadata(metadata)
    merchants, transactions = metadata.tables["merchants"], metadata.tables["transactions"]
    merchants.append_column(sa.Column("nice", sa.Boolean, nullable=False, default=True))
    merchants.append_column(sa.Column("rank", sa.Integer, nullable=False, default=7))
    sa.Table("things", metadata, sa.Column("id", sa.Integer, primary_key=True))
    transactions.append_column(sa.Column("thing", sa.ForeignKey("things.id"), nullable=True))
    monkeypatch.setattr(migrations, "METADATA", metadata)
    return metadata


def test_the_next_version_is_written_and_takes_old_rows_along(engine, url, tmp_path, next_models):
    ledger_models = migrations.METADATA
    migrations.METADATA = Base.metadata
    ledger = open_ledger(url, tmp_path / "key")
    ledger.close()
    before = migrations.head()
    migrations.METADATA = ledger_models
    made = migrations.make_revision("Things")
    assert made is not None and made.name == f"v{int(before) + 1:04d}_things.py"
    assert migrations.upgrade(engine) == before
    assert migrations.differences(engine) == []
    with engine.connect() as connection:
        row = connection.execute(sa.text("SELECT name, nice, rank FROM merchants")).one()
        assert (row.name, bool(row.nice), row.rank) == ("TAPTILL TEST SHOP", True, 7)
        assert connection.execute(sa.text("PRAGMA foreign_key_check")).all() == []
        assert connection.execute(sa.text("SELECT count(*) FROM accounts")).scalar() > 0
    assert migrations.make_revision("Nothing") is None
    assert migrations.make_revision("Things", replace=True).name == made.name


def test_a_new_column_that_old_rows_cannot_have_is_refused(next_models):
    column = sa.Column("must", sa.Integer, nullable=False)
    next_models.tables["books"].append_column(column)
    with pytest.raises(
        migrations.SchemaError, match=r"books\.must: not null and without a default"
    ):
        migrations.make_revision("Must")


def test_an_upgrade_that_breaks_leaves_the_database_as_it_was(engine, next_models):
    metadata, migrations.METADATA = migrations.METADATA, Base.metadata
    migrations.upgrade(engine)
    before, had = schema(engine), migrations.current(engine)
    migrations.METADATA = metadata
    made = migrations.make_revision("Things")
    text = made.read_text()
    made.write_text(text.replace("def downgrade", "    raise OSError\n\n\ndef downgrade"))
    with pytest.raises(OSError):
        migrations.upgrade(engine)
    assert (schema(engine), migrations.current(engine)) == (before, had)


def test_a_newer_database_is_refused_in_a_sentence(engine, url):
    migrations.upgrade(engine)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    result = CliRunner().invoke(cli.app, ["acquirer", "--db", url])
    assert result.exit_code == 1
    assert "the ledger has schema 9999, made by a newer TapTill" in result.stderr


# the commands


@pytest.fixture
def db(url):
    return lambda command, *more: CliRunner().invoke(cli.app, ["host", "db", command, url, *more])


def test_upgrade_current_check(db, engine):
    assert db("current").exit_code == 1  # no file is made by looking
    assert db("upgrade").output == f"schema {migrations.head()}, was empty\n"
    assert db("upgrade").output == f"schema {migrations.head()}\n"
    assert (
        db("current").output
        == f"schema {migrations.head()}, this program has {migrations.head()}\n"
    )
    assert db("check").exit_code == 0
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE postings"))
    result = db("check")
    assert result.exit_code == 1 and "add_table postings" in result.output


def test_a_url_that_is_none_is_wrong_usage():
    result = CliRunner().invoke(cli.app, ["host", "db", "check", "nosuch://x"])
    assert result.exit_code == 2


def test_a_database_that_is_not_there_is_told_without_a_trace():
    url = "postgresql://nobody@127.0.0.1:1/none"
    result = CliRunner().invoke(cli.app, ["host", "db", "check", url])
    assert result.exit_code == 1 and "the database cannot be used" in result.stderr
    assert "Traceback" not in result.output


def test_every_version_is_there_once():
    files = sorted(Path(migrations.FOLDER, "versions").glob("v*.py"))
    assert [file.name[1:5] for file in files] == [f"{n + 1:04d}" for n in range(len(files))]
