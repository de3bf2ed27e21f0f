"""Presents notifications."""

from app.notifications.api.queries import NotificationRecord
from app.notifications.api.schemas import NotificationView


def present(record: NotificationRecord) -> NotificationView:
    """Present a notification."""
    fields = {name: getattr(record, name) for name in NotificationView.model_fields}
    return NotificationView.model_construct(**fields)
