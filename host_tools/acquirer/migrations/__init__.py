"""The schema of the ledger and its versions: opening brings an older database up to date.

Each file of ``versions`` leads from one schema to the next. After a change of models.py
``taptill host db revision "What changed"`` writes the next one from the difference.
"""

import argparse
import ast
import io
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, inspect, text

from host_tools.acquirer import models_settings
from host_tools.acquirer.models import Base

FOLDER = Path(__file__).parent
# The schema of databases that were made before there were versions.
FIRST = "0001"
METADATA = Base.metadata
assert models_settings.Base is Base  # its tables are among them
_VERSION_TABLE = "alembic_version"
# Any number: two hosts that open the same new database at once wait for each other.
_ADVISORY_LOCK = 8583


class SchemaError(Exception):
    """A database whose schema this program cannot use; a sentence."""


def head() -> str:
    """The newest version that this program knows."""
    return str(_scripts().get_current_head())


def current(engine: Engine) -> str | None:
    """The version of a database; None when it is empty. "0001" when made before versions."""
    with engine.connect() as connection:
        return _current(connection)


def upgrade(engine: Engine) -> str:
    """Bring a database (empty, or of an older version) up to date; returns the version it had.

    "" for an empty one. All or nothing. Raises SchemaError for one of a newer program.
    """
    with engine.connect() as connection, _exclusive(connection):
        before = _current(connection)
        if before is not None and before == head():
            return before
        if before is not None and before not in _known():
            raise SchemaError(
                f"the ledger has schema {before}, made by a newer TapTill; this one knows "
                f"schemas up to {head()}"
            )
        config = _config(connection)
        if before == FIRST and not inspect(connection).has_table(_VERSION_TABLE):
            command.stamp(config, FIRST)
        command.upgrade(config, "head")
        if connection.dialect.name == "sqlite":
            orphans = connection.execute(text("PRAGMA foreign_key_check")).fetchall()
            if orphans:
                raise SchemaError(f"{len(orphans)} rows would lose what they refer to")
        return before or ""


def differences(engine: Engine) -> list[str]:
    """How the tables of a database differ from models.py, in words; empty when they do not."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        return [_words(each) for each in compare_metadata(context, METADATA)]


def make_revision(message: str, replace: bool = False) -> Path | None:
    """Write the version that leads to models.py as it is; None when nothing has changed.

    ``replace``: the newest version, not yet released, is made anew.
    """
    scripts = _scripts()
    newest = scripts.get_current_head()
    if replace and newest is not None:
        Path(scripts.get_revision(newest).path).unlink()
        newest = _scripts().get_current_head()
    engine = create_engine("sqlite://")
    try:
        with engine.connect() as connection:
            config = _config(connection)
            if newest is not None:
                command.upgrade(config, "head")
                if not compare_metadata(MigrationContext.configure(connection), METADATA):
                    return None
            number = f"{int(newest or 0) + 1:04d}"
            made = command.revision(config, message, autogenerate=True, rev_id=number)
    finally:
        engine.dispose()
    assert made is not None and not isinstance(made, list)
    path = Path(made.path)
    path.write_text(_in_steps(path.read_text(encoding="utf-8")), encoding="utf-8")
    _format(path)
    return path


def _in_steps(source: str) -> str:
    """A function for each table instead of one long one."""
    tree = ast.parse(source)
    whole = next(
        node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "upgrade"
    )
    lines = source.splitlines(keepends=True)
    steps, calls = [], []
    for number, node in enumerate(whole.body[1:], 1):
        if isinstance(node, ast.Pass):
            return source
        text = "".join(lines[node.lineno - 1 : node.end_lineno])
        steps.append(f"def _step_{number}() -> None:\n{text}\n\n")
        calls.append(f"    _step_{number}()\n")
    before = "".join(lines[: whole.lineno - 1])
    begin = "".join(lines[whole.lineno - 1 : whole.body[0].end_lineno])
    rest = "".join(lines[whole.end_lineno :])
    after = "\n\n" + rest[rest.index("def downgrade") :]
    return f"{before}{''.join(steps)}{begin}{''.join(calls)}{after}"


def _format(path: Path) -> None:
    """As the project's sources are, where the formatter is installed."""
    ruff = Path(sys.executable).with_name("ruff")
    if ruff.exists():
        subprocess.run([ruff, "format", "--quiet", path], check=False)


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config(None))


def _known() -> set[str]:
    return {script.revision for script in _scripts().walk_revisions()}


def _config(connection: Connection | None) -> Config:
    config = Config(stdout=io.StringIO(), cmd_opts=argparse.Namespace(quiet=True))
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("file_template", "v%%(rev)s_%%(slug)s")
    config.set_main_option("path_separator", "os")
    config.attributes |= {"connection": connection, "metadata": METADATA}
    return config


def _current(connection: Connection) -> str | None:
    tables = inspect(connection).get_table_names()
    if _VERSION_TABLE in tables:
        found = connection.execute(text(f"SELECT version_num FROM {_VERSION_TABLE}")).scalar()
        if found is not None:
            return str(found)
    return FIRST if "transactions" in tables else None


@contextmanager
def _exclusive(connection: Connection) -> Iterator[None]:
    """One transaction that nobody else can be in, committed at its end."""
    if connection.dialect.name != "sqlite":
        with connection.begin():
            if connection.dialect.name == "postgresql":
                lock = text("SELECT pg_advisory_xact_lock(:number)")
                connection.execute(lock, {"number": _ADVISORY_LOCK})
            yield
        return
    # Tables are changed by copying and dropping, which foreign keys must not follow; and the
    # driver would begin its transaction too late.
    driver = connection.connection.dbapi_connection
    assert driver is not None
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        with connection.begin():
            driver.execute("BEGIN IMMEDIATE")
            yield
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


def _words(difference: object) -> str:
    if isinstance(difference, list):
        return "; ".join(_words(each) for each in difference)
    assert isinstance(difference, tuple)
    names = [getattr(part, "name", part) for part in difference[1:]]
    return " ".join(str(part) for part in (difference[0], *names) if isinstance(part, str))
