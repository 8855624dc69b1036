"""Alembic's environment: runs on the connection that `app.db.schema` hands over."""

from alembic import context

from app.db.base import Base
from app.db.models import __all__ as _models  # noqa: F401 fills the metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    compare_type=True,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
