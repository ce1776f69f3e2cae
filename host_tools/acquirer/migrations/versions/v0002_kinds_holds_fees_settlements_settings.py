"""Kinds, holds, fees, settlements, settings.

Made by ``taptill host db revision``; what old sales did to their cards by hand.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def _step_1() -> None:
    op.create_table(
        "black_list",
        sa.Column("digits", sa.String(length=12), nullable=False),
        sa.PrimaryKeyConstraint("digits"),
    )


def _step_2() -> None:
    op.create_table(
        "emv_records",
        sa.Column("kind", sa.String(length=4), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("listed", sa.LargeBinary(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "key"),
    )


def _step_3() -> None:
    op.create_table(
        "parameters",
        sa.Column("scope", sa.String(length=15), nullable=False),
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("value", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("scope", "name"),
    )


def _step_4() -> None:
    op.create_table(
        "closed_batches",
        sa.Column("terminal_id", sa.String(length=8), nullable=False),
        sa.Column("batch", sa.String(length=6), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["terminal_id"],
            ["terminals.id"],
        ),
        sa.PrimaryKeyConstraint("terminal_id", "batch"),
    )


def _step_5() -> None:
    op.create_table(
        "script_results",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("terminal_id", sa.String(length=8), nullable=False),
        sa.Column("batch", sa.String(length=6), nullable=False),
        sa.Column("trace", sa.String(length=6), nullable=False),
        sa.Column("pan_tag", sa.String(length=64), nullable=False),
        sa.Column("result", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["terminal_id"],
            ["terminals.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("terminal_id", "batch", "trace"),
    )


def _step_6() -> None:
    op.create_table(
        "scripts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("template", sa.LargeBinary(), nullable=False),
        sa.Column("sent", sa.Boolean(), nullable=False),
        sa.Column("result", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )


def _step_7() -> None:
    with op.batch_alter_table("scripts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_scripts_account_id"), ["account_id"], unique=False)


def _step_8() -> None:
    op.create_table(
        "settlements",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("terminal_id", sa.String(length=8), nullable=False),
        sa.Column("batch", sa.String(length=6), nullable=False),
        sa.Column("their_debit", sa.BigInteger(), nullable=False),
        sa.Column("their_debits", sa.Integer(), nullable=False),
        sa.Column("their_credit", sa.BigInteger(), nullable=False),
        sa.Column("their_credits", sa.Integer(), nullable=False),
        sa.Column("our_debit", sa.BigInteger(), nullable=False),
        sa.Column("our_debits", sa.Integer(), nullable=False),
        sa.Column("our_credit", sa.BigInteger(), nullable=False),
        sa.Column("our_credits", sa.Integer(), nullable=False),
        sa.Column("result", sa.String(length=9), nullable=False),
        sa.Column("differences", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["terminal_id"],
            ["terminals.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("terminal_id", "batch"),
    )


def _step_9() -> None:
    op.create_table(
        "terminal_status",
        sa.Column("terminal_id", sa.String(length=8), nullable=False),
        sa.Column("text", sa.String(length=512), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["terminal_id"],
            ["terminals.id"],
        ),
        sa.PrimaryKeyConstraint("terminal_id"),
    )


def _step_10() -> None:
    op.create_table(
        "uploaded_items",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("terminal_id", sa.String(length=8), nullable=False),
        sa.Column("batch", sa.String(length=6), nullable=False),
        sa.Column("trace", sa.String(length=6), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("pan_tag", sa.String(length=64), nullable=False),
        sa.Column("pan_masked", sa.String(length=20), nullable=False),
        sa.Column("failed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["terminal_id"],
            ["terminals.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("terminal_id", "batch", "trace"),
    )


def _step_11() -> None:
    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("credit", sa.Boolean(), server_default=sa.text("(false)"), nullable=False)
        )


def _step_12() -> None:
    with op.batch_alter_table("merchants", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("fee_bp_debit", sa.Integer(), server_default="0", nullable=False)
        )
        batch_op.add_column(
            sa.Column("fee_bp_credit", sa.Integer(), server_default="0", nullable=False)
        )
        batch_op.add_column(
            sa.Column("fee_cap_fen", sa.BigInteger(), server_default="0", nullable=False)
        )


def _step_13() -> None:
    with op.batch_alter_table("terminals", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("key_mode", sa.String(length=3), server_default="003", nullable=False)
        )
        batch_op.add_column(
            sa.Column("asked", sa.String(length=9), server_default="", nullable=False)
        )


def _step_14() -> None:
    with op.batch_alter_table("transactions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("asked", sa.BigInteger(), nullable=True))
        batch_op.add_column(
            sa.Column("entry_mode", sa.String(length=3), server_default="", nullable=False)
        )
        batch_op.add_column(
            sa.Column("condition", sa.String(length=2), server_default="", nullable=False)
        )
        batch_op.add_column(
            sa.Column("effect", sa.BigInteger(), server_default="0", nullable=False)
        )
        batch_op.add_column(sa.Column("fee", sa.BigInteger(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("tip", sa.BigInteger(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("held", sa.BigInteger(), server_default="0", nullable=False))
        batch_op.add_column(
            sa.Column("refunded", sa.BigInteger(), server_default="0", nullable=False)
        )
        batch_op.add_column(sa.Column("original_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("ended_by_id", sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f("ix_transactions_auth_code"), ["auth_code"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_transactions_original_id"), ["original_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_transactions_rrn"), ["rrn"], unique=False)
        batch_op.create_foreign_key(
            "fk_transactions_ended_by_id_transactions", "transactions", ["ended_by_id"], ["id"]
        )
        batch_op.create_foreign_key(
            "fk_transactions_original_id_transactions", "transactions", ["original_id"], ["id"]
        )


def upgrade() -> None:
    """From the schema before to this one."""
    _step_1()
    _step_2()
    _step_3()
    _step_4()
    _step_5()
    _step_6()
    _step_7()
    _step_8()
    _step_9()
    _step_10()
    _step_11()
    _step_12()
    _step_13()
    _step_14()
    # Before, there were only sales, and none had a fee.
    op.execute("UPDATE transactions SET effect = -amount WHERE state = 'approved'")


def downgrade() -> None:
    """There is no way back but a copy of the database."""
    raise NotImplementedError
