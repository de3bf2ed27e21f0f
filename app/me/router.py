"""`/v1/me` and `/v1/packages`: a client's own record, practice and packages."""

from fastapi import APIRouter, Response

from app.identity.client_dependencies import AnyCaller, ClientCaller
from app.me.presenter import present_me, present_package
from app.me.queries import list_packages, read_client
from app.me.schemas import MeView, PackagePage
from app.web.dependencies import Now, Reading
from app.web.problems.catalogue import responses
from app.web.responses import json_answer

router = APIRouter(prefix="/v1", tags=["Client"])


@router.get(
    "/me",
    summary="Show who is calling",
    response_model=MeView,
    responses=responses("unauthorized", "service-unavailable"),
)
async def get_me(caller: AnyCaller, db: Reading) -> Response:
    """Show the client, the practice, and the session that the token of a link is bound to."""
    return json_answer(present_me(await read_client(db, caller), caller))


@router.get(
    "/packages",
    summary="List the client's packages",
    response_model=PackagePage,
    responses=responses("unauthorized", "forbidden", "service-unavailable"),
)
async def list_own_packages(caller: ClientCaller, now: Now, db: Reading) -> Response:
    """List the client's packages, with the credits that are left and the expiry of each."""
    packages = await list_packages(db, caller, now)
    return json_answer(
        PackagePage(items=[present_package(found) for found in packages], next_cursor=None)
    )
