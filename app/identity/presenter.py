"""Presents a client and their practice."""

from app.identity.queries import ClientRecord, PracticeRecord
from app.standards.currencies import decimals_of
from app.web.pictures import picture_path_if_any
from app.web.views import ClientView, LookView, PracticeView


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


def present_practice(practice: PracticeRecord) -> PracticeView:
    """Present a practice, with its look, to clients and keys."""
    return PracticeView(
        id=practice.id,
        name=practice.name,
        email=practice.email,
        phone=practice.phone,
        address=practice.address,
        website=practice.website,
        look=LookView(
            accent=practice.accent,
            logo_url=picture_path_if_any(practice.id, practice.logo),
            welcome=practice.welcome,
            footer=practice.footer,
        ),
        currency=practice.currency,
        currency_decimals=decimals_of(practice.currency),
    )
