"""${message}.

Made by ``taptill host db revision``.
"""

import sqlalchemy as sa
from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """From the schema before to this one."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """There is no way back but a copy of the database."""
    raise NotImplementedError
