"""`/v1/practice/keys` and `/v1/practice/me`: the practice's API keys."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from app.identity.api_keys import keys
from app.identity.api_keys.presenter import present_caller, present_key, present_new_key
from app.identity.api_keys.schemas import CallingKeyView, KeyPage, KeyView, NewKey, NewKeyView
from app.identity.queries import read_practice
from app.identity.staff_dependencies import (
    AdminSecretWriting,
    AdminWriting,
    StaffAdmin,
    StaffReader,
)
from app.web.dependencies import Now, Reading
from app.web.problems.catalogue import responses
from app.web.responses import answered, created, json_answer
from app.web.types import PathId

router = APIRouter(prefix="/v1/practice", tags=["Practice: access"])

KeyId = Annotated[PathId, Path(description="The key's id. An id of another practice gets a 404.")]
PROBLEMS = ("unauthorized", "forbidden", "service-unavailable")
BODY_PROBLEMS = ("validation-failed", "payload-too-large", "unsupported-media-type")


@router.get(
    "/me",
    summary="Show which key is calling",
    response_model=CallingKeyView,
    responses=responses(*PROBLEMS),
)
async def get_calling_key(staff: StaffReader, db: Reading) -> Response:
    """Show the API key of this request, its scope, and its practice."""
    return json_answer(present_caller(staff, await read_practice(db, staff.practice_id)))


@router.get(
    "/keys", summary="List API keys", response_model=KeyPage, responses=responses(*PROBLEMS)
)
async def list_keys(staff: StaffAdmin, db: Reading) -> Response:
    """List the practice's keys, including revoked ones, oldest first, without their secrets."""
    found = await keys.list_keys(db, staff.practice_id)
    return json_answer(KeyPage(items=[present_key(key) for key in found], next_cursor=None))


@router.post(
    "/keys",
    summary="Create an API key",
    status_code=201,
    response_model=NewKeyView,
    responses=responses(*PROBLEMS, *BODY_PROBLEMS),
)
async def create_key(
    body: NewKey, staff: StaffAdmin, now: Now, write: AdminSecretWriting
) -> Response:
    """Create a key. Only this answer contains its `secret`: Reslot stores a hash of it.

    The answer is not stored, so the call takes no `Idempotency-Key`. If the answer is lost, find
    the key in the list, revoke it, and create another one.
    """
    return await write(
        lambda db: keys.create_key(
            db,
            staff.practice_id,
            name=body.name,
            scope=body.scope,
            actor=staff.actor,
            now=now,
        ),
        lambda made: created(present_new_key(*made)),
    )


@router.post(
    "/keys/{key_id}/revoke",
    summary="Revoke an API key",
    response_model=KeyView,
    responses=responses(
        *PROBLEMS,
        *BODY_PROBLEMS,
        "not-found",
        "idempotency-key-reused",
        "idempotency-key-in-use",
    ),
)
async def revoke_key(key_id: KeyId, staff: StaffAdmin, now: Now, write: AdminWriting) -> Response:
    """Revoke a key with immediate effect. Revoking it again changes nothing.

    A key may revoke itself. The last key with the scope `admin` may also be revoked: the operator
    can create another one with `reslot keys create`.
    """
    return await write(
        lambda db: keys.revoke_key(db, staff.practice_id, key_id, actor=staff.actor, now=now),
        lambda key: answered(present_key(key)),
        ends_caller=key_id == staff.key_id,
    )
