"""The table of waivers: what clients ask about their fees (docs/decisions/0043-waiver.md)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import Base, Identified, reference


class Waiver(Identified, Base):
    """A client's question whether the practice waives a fee. `id` is the fee's: one for each fee.

    `change_id` is the entry of the audit log that asks; the client's words are its note. `state` is
    `asked` until the practice has `granted` or `declined` it, until it has `lapsed` because nobody
    answered until `answer_by`, or `void` because the fee ended otherwise.

    `otherwise` is the instant after which the fee could be collected without the question; null: at
    once.
    """

    __tablename__ = "waivers"
    change_id: Mapped[UUID]
    state: Mapped[str] = mapped_column(server_default="asked")
    asked_at: Mapped[datetime]
    answer_by: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    otherwise: Mapped[datetime | None]
    __table_args__ = (
        reference("id", "fees"),
        reference("change_id", "changes"),
        CheckConstraint(
            "state IN ('asked', 'granted', 'declined', 'lapsed', 'void')", name="state"
        ),
        CheckConstraint("(state = 'asked') = (ended_at IS NULL)", name="ended"),
        CheckConstraint("asked_at < answer_by AND ended_at <= answer_by", name="order"),
        Index(
            "ix_waivers_asked",
            "practice_id",
            "answer_by",
            postgresql_where=text("state = 'asked'"),
        ),
    )
