"""Presents a client's own record, practice and packages."""

from datetime import datetime
from zoneinfo import ZoneInfo

from app.identity.presenter import present_client, present_practice
from app.identity.queries import ClientRecord
from app.identity.tokens.access import Caller
from app.me.queries import PackageRecord
from app.me.schemas import MeView, PackageService, PackageView


def present_me(record: ClientRecord, caller: Caller) -> MeView:
    """Present the calling client, and the session of a link's token."""
    return MeView(
        client=present_client(record),
        practice=present_practice(record.practice),
        session_id=caller.session_id,
    )


def present_package(record: PackageRecord) -> PackageView:
    """Present a package, with times in the client's time zone."""
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
