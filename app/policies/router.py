"""`/v1/practice/policies`: cancellation policies, version by version."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from app.identity.staff_dependencies import AdminWriting, StaffAdmin, StaffReader
from app.policies import commands
from app.policies.presenter import present_new_policy, present_policy, present_resolution
from app.policies.queries import find_policy, list_versions, read_policy
from app.policies.records import PolicyPosition
from app.policies.schemas import (
    NewPolicy,
    NewPolicyVersion,
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
from app.web.types import PathId

router = APIRouter(prefix="/v1/practice/policies", tags=["Practice: policies"])

PolicyId = Annotated[
    PathId,
    Path(description="The version's id. Any other id gives a 404."),
]


@router.post(
    "",
    summary="Add the next version of a policy",
    status_code=201,
    response_model=NewPolicyVersion,
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
    body: NewPolicy, staff: StaffAdmin, now: Now, write: AdminWriting, texts: ReaderTexts
) -> Response:
    """Add the next version of a service's, a practitioner's or the whole practice's policy.

    The service's policy applies to a booking first, then the practitioner's, then the practice's;
    without any, the booking is free until the start. A session keeps the version that applied when
    it was booked; a new version never changes it. With `rules: null` this level has no policy from
    here on, and the next level's applies. Versions cannot be changed or deleted; add another one
    instead. The answer says the rules in sentences, and warns of what may not be meant.
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
        lambda new: created(present_new_policy(new, texts), texts=texts),
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
    """List the versions of all policies of the practice, newest first, in pages."""
    asked = PageRequest(cursors, query, PolicyPosition, "policies", staff.practice_id)
    found = await list_versions(db, staff, asked.part)
    page = asked.paginate(found, lambda last: PolicyPosition(last.created_at, last.number, last.id))
    return json_answer(PolicyVersionPage.of(page, present_policy))


@router.get(
    "/resolve",
    summary="Find the policy that applies",
    response_model=ResolvedPolicy,
    responses=responses("unauthorized", "forbidden", "validation-failed", "service-unavailable"),
)
async def resolve_policy(
    query: Annotated[ResolveQuery, Query()], staff: StaffReader, db: Reading, texts: ReaderTexts
) -> Response:
    """Find the version for a new booking of this service with this practitioner, and why.

    Sessions that are already booked keep the version of their booking.
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
