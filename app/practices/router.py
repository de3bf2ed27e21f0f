"""`/v1/me` and `/v1/packages`: a client's calls about himself."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Response
from sqlalchemy import Row

from app.auth.tokens import Caller
from app.context import AnyCaller, ClientCaller, Now, Reading, json_answer
from app.practices.queries import list_packages, read_me
from app.practices.schemas import (
    ClientView,
    MeView,
    PackagePage,
    PackageService,
    PackageView,
    PracticeView,
)
from app.problems import responses

router = APIRouter(prefix="/v1", tags=["Client"])


@router.get(
    "/me",
    summary="Show who is calling",
    response_model=MeView,
    responses=responses("unauthorized", "service-unavailable"),
)
async def get_me(caller: AnyCaller, db: Reading) -> Response:
    """Show the client, the practice, and which session the token of a link is bound to."""
    return json_answer(_me(await read_me(db, caller), caller))


@router.get(
    "/packages",
    summary="List the client's packages",
    response_model=PackagePage,
    responses=responses("unauthorized", "forbidden", "service-unavailable"),
)
async def list_own_packages(caller: ClientCaller, now: Now, db: Reading) -> Response:
    """List the client's packages with the credits left and when they expire."""
    rows = await list_packages(db, caller, now)
    return json_answer(PackagePage(items=[_package(row) for row in rows], next_cursor=None))


def _me(row: Row[Any], caller: Caller) -> MeView:
    return MeView(
        client=ClientView(
            id=row.id,
            name=row.name,
            email=row.email,
            phone=row.phone,
            time_zone=row.time_zone,
            locale=row.locale,
        ),
        practice=PracticeView(
            id=row.practice_id,
            name=row.practice_name,
            email=row.practice_email,
            phone=row.practice_phone,
            currency=row.currency,
        ),
        session_id=caller.session_id,
    )


def _package(row: Row[Any]) -> PackageView:
    zone = ZoneInfo(row.time_zone)
    return PackageView(
        id=row.id,
        name=row.name,
        service=PackageService(id=row.service_id, name=row.service_name),
        credits=row.credits,
        credits_left=row.credits_left,
        expires_at=_in(row.expires_at, zone),
        usable_until=_in(row.usable_until, zone),
    )


def _in(instant: datetime | None, zone: ZoneInfo) -> datetime | None:
    return None if instant is None else instant.astimezone(zone)
