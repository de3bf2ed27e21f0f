"""The table of webhook endpoints. Events: app/tables/notifications.py."""

from datetime import datetime

from sqlalchemy import ARRAY, CheckConstraint, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import Base, PracticeRecord, practice_reference, unique_external_ref


class WebhookEndpoint(PracticeRecord, Base):
    """A URL that events are posted to. Empty `events` means all events.

    The code of a reason, which may reveal health data, is sent only with `include_reason`.
    `failures` counts failed attempts since the last success; the first of them was at
    `failing_since`. `disabled_at` is set if the service disabled the endpoint.
    """

    __tablename__ = "webhook_endpoints"
    url: Mapped[str]
    description: Mapped[str | None]
    events: Mapped[list[str]] = mapped_column(ARRAY(Text))
    secret: Mapped[str]
    include_reason: Mapped[bool] = mapped_column(server_default=false())
    failures: Mapped[int] = mapped_column(server_default="0")
    failing_since: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    __table_args__ = (
        practice_reference(),
        unique_external_ref(),
        CheckConstraint("failures >= 0", name="failures"),
    )
