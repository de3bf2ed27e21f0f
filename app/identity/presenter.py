"""Presents a client and their practice."""

from app.identity.queries import ClientRecord
from app.standards.currencies import decimals_of
from app.web.views import ClientView, PracticeView


def present_client(record: ClientRecord) -> ClientView:
    """Present the client."""
    return ClientView(
        id=record.id,
        name=record.name,
        email=record.email,
        phone=record.phone,
        time_zone=record.time_zone,
        locale=record.locale,
    )


def present_practice(record: ClientRecord) -> PracticeView:
    """Present the client's practice."""
    return PracticeView(
        id=record.practice_id,
        name=record.practice_name,
        email=record.practice_email,
        phone=record.practice_phone,
        currency=record.currency,
        currency_decimals=decimals_of(record.currency),
    )
