"""`/v1/practice/policies`: cancellation policies, version by version."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from app.identity.dependencies import AdminWriting, StaffAdmin, StaffReader
from app.policies import commands
from app.policies.presenter import present_policy, present_resolution
from app.policies.queries import find_policy, list_versions, read_policy
from app.policies.records import Place
from app.policies.schemas import (
    NewPolicy,
    PoliciesQuery,
    PolicyVersionPage,
    PolicyVersionView,
    ResolvedPolicy,
    ResolveQuery,
)
from app.web.dependencies import CursorSigner, Now, ReaderTexts, Reading
from app.web.pagination import PageRequest
from app.web.problems.catalogue import responses
from app.web.responses import created, json_answer
from app.web.types import ExistingId

router = APIRouter(prefix="/v1/practice/policies", tags=["Practice: policies"])

PolicyId = Annotated[
    ExistingId,
    Path(description="The version's id. Any id that is not the practice's own is a 404."),
]


@router.post(
    "",
    summary="Make the next version of a policy",
    status_code=201,
    response_model=PolicyVersionView,
    responses=responses(
        "unauthorized",
        "forbidden",
        "validation-failed",
        "idempotency-key-reused",
        "idempotency-key-in-use",
        "payload-too-large",
        "unsupported-media-type",
        "service-unavailable",
    ),
)
async def create_policy(
    body: NewPolicy, staff: StaffAdmin, now: Now, write: AdminWriting
) -> Response:
    """Make the next version of a service's, a practitioner's or the whole practice's policy.

    A booking comes under the service's own policy, else the practitioner's, else the practice's,
    else it is free until the start. A session keeps the version that was in force when it was
    booked: a new one never changes what was promised. With `rules: null` there is no policy of its
    own from here on, and the next level's applies. No version can be changed or taken back; make
    another one.
    """
    return await write(
        lambda db: commands.add_policy_version(
            db,
            staff,
            body.service_id,
            body.practitioner_id,
            body.text,
            body.document(),
            now=now,
        ),
        lambda version: created(present_policy(version)),
    )


@router.get(
    "",
    summary="List policy versions",
    response_model=PolicyVersionPage,
    responses=responses("unauthorized", "forbidden", "validation-failed", "service-unavailable"),
)
async def list_policies(
    query: Annotated[PoliciesQuery, Query()],
    staff: StaffReader,
    cursors: CursorSigner,
    db: Reading,
) -> Response:
    """List the versions of all policies of the practice, newest first, a page at a time."""
    asked = PageRequest(cursors, query, Place, "policies", staff.practice_id)
    found = await list_versions(db, staff, asked.part)
    page = asked.paginate(found, lambda last: Place(last.created_at, last.number, last.id))
    return json_answer(PolicyVersionPage.of(page, present_policy))


@router.get(
    "/resolve",
    summary="Say which policy applies",
    response_model=ResolvedPolicy,
    responses=responses("unauthorized", "forbidden", "validation-failed", "service-unavailable"),
)
async def resolve_policy(
    query: Annotated[ResolveQuery, Query()], staff: StaffReader, db: Reading, texts: ReaderTexts
) -> Response:
    """Say which version a session of this service with this practitioner would come under, and why.

    Sessions that are booked already keep the version of their booking.
    """
    found = await find_policy(db, staff, query.service, query.practitioner)
    return json_answer(present_resolution(found, texts), texts=texts)


@router.get(
    "/{policy_id}",
    summary="Show a policy version",
    response_model=PolicyVersionView,
    responses=responses(
        "unauthorized", "forbidden", "not-found", "validation-failed", "service-unavailable"
    ),
)
async def get_policy(policy_id: PolicyId, staff: StaffReader, db: Reading) -> Response:
    """Show one version of a policy. It never changes."""
    return json_answer(present_policy(await read_policy(db, staff.practice_id, policy_id)))
