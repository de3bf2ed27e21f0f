"""Base classes and constraints of tables. Tenancy: docs/decisions/0002-tenancy-keys.md."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import DateTime, ForeignKeyConstraint, MetaData, Text, UniqueConstraint, Uuid, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """Declares tables. They are used in Core statements only: no ORM entity is ever loaded."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text,
        datetime: DateTime(timezone=True),
        UUID: Uuid,
        dict[str, Any]: JSONB(none_as_null=True),
    }


class PracticeRow:
    """A row of a practice. Every key, constraint and reference contains `practice_id`."""

    practice_id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-2)


class Identified(PracticeRow):
    """A row of a practice with its own id."""

    id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-1)


class PracticeRecord(Identified):
    """A record of the practice, which is deactivated and never deleted.

    `external_ref` is its id in the practice's own software, which updates the record by that id.
    """

    external_ref: Mapped[str | None]
    active: Mapped[bool] = mapped_column(server_default=true())


def unique_external_ref() -> UniqueConstraint:
    """Make `external_ref` unique within a practice."""
    return UniqueConstraint("practice_id", "external_ref")


def reference(column: str, table: str, *, back: bool = False) -> ForeignKeyConstraint:
    """Reference a row of the same practice. References between practices are impossible.

    `back`: the other table references this one as well, and is created after it.
    """
    return ForeignKeyConstraint(
        ["practice_id", column], [f"{table}.practice_id", f"{table}.id"], use_alter=back
    )


def practice_reference() -> ForeignKeyConstraint:
    """Reference the practice. Only for tables without another reference to a practice's row."""
    return ForeignKeyConstraint(["practice_id"], ["practices.practice_id"])
