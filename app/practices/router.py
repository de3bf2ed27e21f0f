"""`/v1/me` and `/v1/packages`: a client's calls about himself."""

from datetime import datetime
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Response

from app.auth.tokens import Caller
from app.context import AnyCaller, ClientCaller, Now, Reading, json_answer
from app.practices.presenter import present_client, present_practice
from app.practices.queries import ClientRecord, PackageRecord, list_packages, read_client
from app.practices.schemas import MeView, PackagePage, PackageService, PackageView
from app.problems.catalogue import responses

router = APIRouter(prefix="/v1", tags=["Client"])


@router.get(
    "/me",
    summary="Show who is calling",
    response_model=MeView,
    responses=responses("unauthorized", "service-unavailable"),
)
async def get_me(caller: AnyCaller, db: Reading) -> Response:
    """Show the client, the practice, and which session the token of a link is bound to."""
    return json_answer(_me(await read_client(db, caller), caller))


@router.get(
    "/packages",
    summary="List the client's packages",
    response_model=PackagePage,
    responses=responses("unauthorized", "forbidden", "service-unavailable"),
)
async def list_own_packages(caller: ClientCaller, now: Now, db: Reading) -> Response:
    """List the client's packages with the credits left and when they expire."""
    packages = await list_packages(db, caller, now)
    return json_answer(PackagePage(items=[_package(found) for found in packages], next_cursor=None))


def _me(record: ClientRecord, caller: Caller) -> MeView:
    return MeView(
        client=present_client(record),
        practice=present_practice(record),
        session_id=caller.session_id,
    )


def _package(record: PackageRecord) -> PackageView:
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
