"""Showing clients what is theirs: the client, the practice, the packages."""

from datetime import datetime
from zoneinfo import ZoneInfo

from app.auth.tokens import Caller
from app.currencies import decimals_of
from app.practices.queries import ClientRecord, PackageRecord
from app.practices.schemas import ClientView, MeView, PackageService, PackageView, PracticeView


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


def present_me(record: ClientRecord, caller: Caller) -> MeView:
    """Show who is calling."""
    return MeView(
        client=present_client(record),
        practice=present_practice(record),
        session_id=caller.session_id,
    )


def present_package(record: PackageRecord) -> PackageView:
    """Show a package, in the time zone of its client."""
    zone = ZoneInfo(record.time_zone)
    return PackageView(
        id=record.id,
        name=record.name,
        service=PackageService(id=record.service_id, name=record.service_name),
        credits=record.credits,
        credits_left=record.credits_left,
        expires_at=_in(record.expires_at, zone),
        usable_until=_in(record.usable_until, zone),
    )


def _in(instant: datetime | None, zone: ZoneInfo) -> datetime | None:
    return None if instant is None else instant.astimezone(zone)
