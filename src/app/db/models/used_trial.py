"""That a mailbox has had its trial, once the person who had it is deleted (docs/adr/0021, 0032)."""

from datetime import datetime

from sqlalchemy import func
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base


class UsedTrial(Base):
    """A keyed digest of a mailbox: it answers whether this address had a trial, and names nobody."""

    __tablename__ = "used_trials"

    digest: Mapped[str] = mapped_column(primary_key=True)
    noted_at: Mapped[datetime] = mapped_column(server_default=func.now())
