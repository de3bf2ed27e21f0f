"""`/v1/practice/webhook-endpoints`: where events about changes are sent."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from app.identity.staff_dependencies import (
    AdminSecretWriting,
    AdminWriting,
    StaffAdmin,
    StaffReader,
)
from app.web.app_settings import AppSettings
from app.web.dependencies import CursorSigner, Now, Reading
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
        "description": "There was no endpoint with this `external_ref`: it was created.",
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
    """List the practice's webhook endpoints, paginated, ordered by id.

    An endpoint with `failures` above zero, or with `disabled_at`, has a problem.
    `GET /v1/practice/notifications?recipient=webhook&endpoint=…` shows the status of each event.
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
    """Create an endpoint, which receives all events from now on.

    A practice can have at most 20 active endpoints. One more is a 422: deactivate another one
    first.

    Only this answer shows the `secret`. Answers with secrets are not stored, so this call accepts
    no `Idempotency-Key`: if the answer is lost, call `rotate-secret`, or create the endpoint with
    `PUT …/by-ref/{external_ref}`.

    Each event is one `POST` with `{"type", "timestamp", "data"}`, signed as
    [Standard Webhooks](https://www.standardwebhooks.com) specifies, in the headers `webhook-id`,
    `webhook-timestamp` and `webhook-signature`. `data` contains ids (and your own
    `external_ref`s), times and amounts, but no personal data: read the rest from the API. The code
    of a reason is null unless the endpoint has `include_reason`. The event describes the change as
    it was made, even if it arrives late. `version` is the session's version after the change; it
    only increases, so use it to order events that arrive out of order.

    Answer with any 2xx within 10 seconds, and process the event afterwards. Any other answer, also
    a redirect, is a failed attempt. An event is attempted up to 13 times over about a day, with the
    same `webhook-id`: ignore an id that you have already processed. An endpoint that has failed at
    least 20 times in a row over at least 24 hours, or that answers 410, is disabled, and the
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
    """Create the endpoint with this `external_ref`, or replace its fields if it exists.

    A new endpoint is a 201 and shows its `secret` in this answer only. An existing one is a 200
    with `secret` null, and keeps its secret. If `active` is left out, it does not change: repeating
    the call never activates an endpoint that was deactivated.
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
    """Show an endpoint and its failures. Its secret is not shown."""
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
    """Change an endpoint, or deactivate or activate it. Fields that are left out do not change.

    Endpoints cannot be deleted: send `{"active": false}`. Events that are still pending for it are
    then dropped. Activating it again, or a new URL, resets its failures. Events from the time in
    between are not sent later.
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
    """Generate a new secret for the endpoint. Only this answer shows it.

    The new secret is used at once: all events sent from now on, also pending ones, are signed with
    it. An event that your receiver refuses in the meantime is attempted again. Answers with secrets
    are not stored, so this call accepts no `Idempotency-Key`; a second call generates another
    secret.
    """
    return await write(
        lambda db: commands.rotate_secret(db, staff, endpoint_id, now=now), present_with_secret
    )
