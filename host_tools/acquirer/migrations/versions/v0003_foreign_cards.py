"""Foreign cards.

Made by ``taptill host db revision``.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def _step_1() -> None:
    with op.batch_alter_table("settlements", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("their_foreign_debit", sa.BigInteger(), server_default="0", nullable=False)
        )
        batch_op.add_column(
            sa.Column("their_foreign_debits", sa.Integer(), server_default="0", nullable=False)
        )
        batch_op.add_column(
            sa.Column("their_foreign_credit", sa.BigInteger(), server_default="0", nullable=False)
        )
        batch_op.add_column(
            sa.Column("their_foreign_credits", sa.Integer(), server_default="0", nullable=False)
        )
        batch_op.add_column(
            sa.Column("our_foreign_debit", sa.BigInteger(), server_default="0", nullable=False)
        )
        batch_op.add_column(
            sa.Column("our_foreign_debits", sa.Integer(), server_default="0", nullable=False)
        )
        batch_op.add_column(
            sa.Column("our_foreign_credit", sa.BigInteger(), server_default="0", nullable=False)
        )
        batch_op.add_column(
            sa.Column("our_foreign_credits", sa.Integer(), server_default="0", nullable=False)
        )


def _step_2() -> None:
    with op.batch_alter_table("transactions", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("organisation", sa.String(length=3), server_default="CUP", nullable=False)
        )


def _step_3() -> None:
    with op.batch_alter_table("uploaded_items", schema=None) as batch_op:
        batch_op.add_column(sa.Column("is_foreign", sa.Boolean(), nullable=True))


def upgrade() -> None:
    """From the schema before to this one."""
    _step_1()
    _step_2()
    _step_3()


def downgrade() -> None:
    """There is no way back but a copy of the database."""
    raise NotImplementedError
