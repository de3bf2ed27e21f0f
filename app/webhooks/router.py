"""`/v1/practice/webhook-endpoints`: where the practice's own software is told of changes."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from app.identity.dependencies import AdminSecretWriting, AdminWriting, StaffAdmin, StaffReader
from app.web.dependencies import AppSettings, CursorSigner, Now, Reading
from app.web.pagination import PageRequest
from app.web.problems.catalogue import READING_BY_STAFF, responses
from app.web.responses import json_answer
from app.web.types import RecordId
from app.webhooks import commands
from app.webhooks.presenter import present, present_result, present_with_secret
from app.webhooks.queries import (
    EndpointPosition,
    list_endpoints,
    read_endpoint,
    read_endpoint_by_ref,
)
from app.webhooks.schemas import (
    ChangeEndpoint,
    EndpointPage,
    EndpointQuery,
    EndpointRef,
    EndpointView,
    EndpointWithSecret,
    NewEndpoint,
    PutEndpoint,
)

router = APIRouter(prefix="/v1/practice/webhook-endpoints", tags=["Practice: webhooks"])

_WRITE = (*READING_BY_STAFF, "payload-too-large", "unsupported-media-type")
_NEW: dict[int | str, dict[str, Any]] = {
    HTTPStatus.CREATED.value: {
        "model": EndpointWithSecret,
        "description": "There was none with this `external_ref`: it was made.",
    }
}


@router.get(
    "",
    summary="List webhook endpoints",
    response_model=EndpointPage,
    responses=responses(*READING_BY_STAFF),
)
async def list_webhook_endpoints(
    query: Annotated[EndpointQuery, Query()], staff: StaffReader, cursors: CursorSigner, db: Reading
) -> Response:
    """List the practice's webhook endpoints, a page at a time, always in the same order.

    `failures` above zero, or `disabled_at`, says that one is not doing well;
    `GET /v1/practice/notifications?recipient=webhook&endpoint=…` says what happened to each event.
    """
    asked = PageRequest(cursors, query, EndpointPosition, "webhook_endpoints", staff.practice_id)
    found = await list_endpoints(db, staff.practice_id, asked.part)
    page = asked.paginate(found, lambda endpoint: EndpointPosition(endpoint.id))
    return json_answer(EndpointPage.of(page, present))


@router.post(
    "",
    summary="Make a webhook endpoint",
    status_code=HTTPStatus.CREATED,
    response_model=EndpointWithSecret,
    responses=responses(*_WRITE),
)
async def create_webhook_endpoint(
    body: NewEndpoint, staff: StaffAdmin, write: AdminSecretWriting, settings: AppSettings, now: Now
) -> Response:
    """Make an endpoint, which is told of everything that happens from now on.

    A practice has at most 20 active endpoints. One more is a 422: deactivate another one first.

    The answer shows its `secret`, this once. It is kept nowhere else, so this call takes no
    `Idempotency-Key`: where an answer was lost, use `rotate-secret`, or
    `PUT …/by-ref/{external_ref}` to begin with.

    Each event is one `POST` with `{"type", "timestamp", "data"}`, signed in the
    [Standard Webhooks](https://www.standardwebhooks.com) way in the headers `webhook-id`,
    `webhook-timestamp` and `webhook-signature`. `data` has ids (and your own `external_ref`s),
    times and amounts, and nothing personal: ask the API for the rest. A reason's code is in it only
    where the endpoint has `include_reason`, else it is null. It tells of the change as it was made,
    also when it arrives late; `version` is the session's after it, and rises, so that events which
    overtake each other can be put in order.

    Answer with any 2xx within 10 seconds, and do your work afterwards. Anything else, a redirect
    too, is a failed attempt: it is tried again 13 times over about a day, with the same
    `webhook-id`, so take an id that you have seen already as done. An endpoint that has failed at
    least 20 times in a row, over at least 24 hours, or that answers 410, is switched off, and the
    practice gets a mail.
    """
    insecure = settings.webhook_insecure_targets
    return await write(
        lambda db: commands.create_endpoint(db, staff, body.values(), insecure=insecure, now=now),
        present_with_secret,
    )


@router.get(
    "/by-ref/{external_ref:ref}",
    summary="Show a webhook endpoint by your own id",
    response_model=EndpointView,
    responses=responses(*READING_BY_STAFF, "not-found"),
)
async def get_webhook_endpoint_by_ref(
    external_ref: EndpointRef, staff: StaffReader, db: Reading
) -> Response:
    """Show the endpoint that has this `external_ref`."""
    return json_answer(present(await read_endpoint_by_ref(db, staff.practice_id, external_ref)))


@router.put(
    "/by-ref/{external_ref:ref}",
    summary="Write a webhook endpoint by your own id",
    response_model=EndpointWithSecret,
    responses=_NEW | responses(*_WRITE),
)
async def put_webhook_endpoint_by_ref(
    external_ref: EndpointRef,
    body: PutEndpoint,
    staff: StaffAdmin,
    write: AdminSecretWriting,
    settings: AppSettings,
    now: Now,
) -> Response:
    """Write the endpoint with this `external_ref`, whether it is there already or not.

    A new one answers 201 and shows its `secret`, this once; one that was there answers 200 with
    `secret` null, and keeps the one it has. `active` left out stays as it is, so that writing it
    again and again switches nothing on that was switched off.
    """
    insecure = settings.webhook_insecure_targets
    return await write(
        lambda db: commands.put_endpoint(
            db, staff, external_ref, body.values(), insecure=insecure, now=now
        ),
        present_with_secret,
    )


@router.get(
    "/{endpoint_id}",
    summary="Show a webhook endpoint",
    response_model=EndpointView,
    responses=responses(*READING_BY_STAFF, "not-found"),
)
async def get_webhook_endpoint(endpoint_id: RecordId, staff: StaffReader, db: Reading) -> Response:
    """Show an endpoint and how it is doing. Its secret is not shown."""
    return json_answer(present(await read_endpoint(db, staff.practice_id, endpoint_id)))


@router.patch(
    "/{endpoint_id}",
    summary="Change a webhook endpoint",
    response_model=EndpointView,
    responses=responses(*_WRITE, "not-found", "idempotency-key-reused", "idempotency-key-in-use"),
)
async def update_webhook_endpoint(
    endpoint_id: RecordId,
    body: ChangeEndpoint,
    staff: StaffAdmin,
    write: AdminWriting,
    settings: AppSettings,
    now: Now,
) -> Response:
    """Change an endpoint, or switch it off and on again; what is left out stays as it is.

    There is no deleting: `{"active": false}` ends it. Events that still wait for it are dropped.
    Switching it on again, or a new URL, forgets its failures; events of the time in between are
    not made up for.
    """
    insecure = settings.webhook_insecure_targets
    return await write(
        lambda db: commands.change_endpoint(
            db, staff, endpoint_id, body.values(), insecure=insecure, now=now
        ),
        present_result,
    )


@router.post(
    "/{endpoint_id}/rotate-secret",
    summary="Replace a webhook endpoint's secret",
    response_model=EndpointWithSecret,
    responses=responses(*READING_BY_STAFF, "not-found"),
)
async def rotate_webhook_secret(
    endpoint_id: RecordId, staff: StaffAdmin, write: AdminSecretWriting, now: Now
) -> Response:
    """Give the endpoint a new secret, which the answer shows this once.

    The old one is dead at once: whatever is sent from now on, events that wait too, is signed with
    the new one. An event that your receiver refuses meanwhile is tried again. As its answer is
    never kept, this call takes no `Idempotency-Key`; a second call makes another secret.
    """
    return await write(
        lambda db: commands.rotate_secret(db, staff, endpoint_id, now=now), present_with_secret
    )
