"""Alembic's environment: runs migrations on the connection that it is handed."""

from typing import Any

from alembic import context
from alembic.autogenerate import rewriter
from alembic.operations import ops
from sqlalchemy import DefaultClause, TextClause, text
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from host_tools.acquirer.migrations import SchemaError

_writer = rewriter.Rewriter()


@_writer.rewrites(ops.AddColumnOp)
def _give_old_rows_a_value(_context: Any, _revision: Any, op: ops.AddColumnOp) -> Any:
    """A new column that may not be null: old rows get the model's own default."""
    column = op.column
    if not column.nullable and column.server_default is None:
        default = column.default
        if not isinstance(default, ScalarElementColumnDefault):
            raise SchemaError(f"{op.table_name}.{column.name}: not null and without a default")
        value = default.arg
        if isinstance(value, bool):  # in words, which PostgreSQL insists on
            value = text("true" if value else "false")
        column.server_default = DefaultClause(
            value if isinstance(value, TextClause) else str(value)
        )
    return op


@_writer.rewrites(ops.CreateForeignKeyOp)
def _name_foreign_key(_context: Any, _revision: Any, op: ops.CreateForeignKeyOp) -> Any:
    """SQLite's copying of a table needs names for what is added to it."""
    op.constraint_name = op.constraint_name or "_".join(
        ("fk", str(op.source_table), *op.local_cols, str(op.referent_table))
    )
    return op


@_writer.rewrites(ops.CreateUniqueConstraintOp)
def _name_unique(_context: Any, _revision: Any, op: ops.CreateUniqueConstraintOp) -> Any:
    columns = [getattr(column, "name", column) for column in op.columns]
    op.constraint_name = op.constraint_name or "_".join(("uq", str(op.table_name), *columns))
    return op


def _directives(migration: Any, revision: Any, scripts: list[Any]) -> None:
    """What is written into a new file: the way up, by the rules above."""
    for script in scripts:
        script.downgrade_ops.ops.clear()
    _writer(migration, revision, scripts)


def _run() -> None:
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=context.config.attributes["metadata"],
        render_as_batch=True,
        process_revision_directives=_directives,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


_run()
