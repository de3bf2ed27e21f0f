"""From records to what a client is shown of himself and of his practice."""

from app.currencies import decimals_of
from app.practices.queries import ClientRecord
from app.practices.schemas import ClientView, PracticeView


def present_client(record: ClientRecord) -> ClientView:
    """Show the client."""
    return ClientView(
        id=record.id,
        name=record.name,
        email=record.email,
        phone=record.phone,
        time_zone=record.time_zone,
        locale=record.locale,
    )


def present_practice(record: ClientRecord) -> PracticeView:
    """Show his practice."""
    return PracticeView(
        id=record.practice_id,
        name=record.practice_name,
        email=record.practice_email,
        phone=record.practice_phone,
        currency=record.currency,
        currency_decimals=decimals_of(record.currency),
    )
