"""What every table shares: naming convention, time-ordered ids, tenant ownership, column types."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Enum, ForeignKey, MetaData, Text, Uuid, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

from app.lib.ids import uuid7

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

Kurus = BigInteger
"""Money in minor units; the currency stands in a column of its own beside it."""


def values_of(kind: type[StrEnum]) -> list[str]:
    """Return what an enumeration stores: its values, not its Python names."""
    return [member.value for member in kind]


class Base(DeclarativeBase):
    """The root of all models."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map: ClassVar = {
        datetime: DateTime(timezone=True),
        str: Text,
        UUID: Uuid,
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
        # text with a CHECK beside it: a native enum cannot lose a value without a rewrite
        StrEnum: Enum(StrEnum, native_enum=False, length=24, values_callable=values_of),
    }


class Identified:
    """A primary key that sorts by age, and the instant the row was written."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class CompanyOwned:
    """A row of one company; nothing fiscal disappears with it, so the key restricts deletion."""

    @declared_attr
    @classmethod
    def company_id(cls) -> Mapped[UUID]:
        return mapped_column(ForeignKey("companies.id", ondelete="RESTRICT"), index=True)
