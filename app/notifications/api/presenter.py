"""Showing notices."""

from app.notifications.api.queries import NoticeRecord
from app.notifications.api.schemas import NoticeView


def present(record: NoticeRecord) -> NoticeView:
    """Show a notice."""
    fields = {name: getattr(record, name) for name in NoticeView.model_fields}
    return NoticeView.model_construct(**fields)
