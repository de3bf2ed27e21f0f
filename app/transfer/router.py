"""`/v1/practice/import` and `/v1/practice/export`: records and sessions in bulk."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.ext.asyncio import AsyncEngine

from app.identity.staff_dependencies import AdminWritingInBatches, StaffAdmin
from app.transfer.commands import import_lines
from app.transfer.descriptions import EXPORTED, LINES, RESULTS
from app.transfer.export import read_lines_of_practice
from app.transfer.lines import read_lines
from app.transfer.presenter import streamed, write_lines, write_results
from app.transfer.running import RunningExports
from app.web.dependencies import Now, ReadEngine
from app.web.problems.catalogue import responses

router = APIRouter(prefix="/v1/practice", tags=["Practice: in bulk"])


@router.post(
    "/import",
    summary="Import records and sessions",
    response_class=StreamingResponse,
    responses=RESULTS
    | responses(
        "unauthorized",
        "forbidden",
        "validation-failed",
        "payload-too-large",
        "unsupported-media-type",
        "service-unavailable",
    ),
    openapi_extra={"requestBody": LINES},
)
async def import_practice_lines(
    request: Request, staff: StaffAdmin, now: Now, run: AdminWritingInBatches
) -> Response:
    """Create and update records, and replay sessions, from up to 10,000 lines of JSON.

    Each line has a `kind`, the record's `external_ref`, and the fields of the request that writes
    such a record; an export shows them all. The kinds, in the order of an export, are `practice`,
    `holidays`, `location`, `practitioner`, `working_hours`, `hours_override`, `time_off`,
    `busy_intervals`, `service`, `policy`, `client`, `package`, `group` and `session`. Records that
    a line refers to are named by their references, such as `client_ref`, and are in earlier lines
    or exist already. A `session` needs `client_ref`, `practitioner_ref`, `service_ref`, `starts_at`
    and `format`, and, unless it is booked, `status` and `ended` (`at`, `by`).

    A line has 1 MiB at most. Lines are written in their order, in transactions of at most 500. A
    line that fails leaves all others as they are. Repeating the call changes nothing. No mail and
    no webhook is sent, and nothing is charged. The answer has a line for each line, as soon as it
    is committed.
    """
    lines = read_lines(await request.body())
    parts = import_lines(run, staff, lines, now)
    return await streamed(write_results(request, parts))


@router.get(
    "/export",
    summary="Export records and sessions",
    response_class=StreamingResponse,
    responses=EXPORTED | responses("unauthorized", "forbidden", "service-unavailable"),
)
async def export_practice_lines(
    request: Request, staff: StaffAdmin, engine: ReadEngine
) -> Response:
    """Write the practice, its records, policies, groups and sessions, one JSON object a line.

    The lines are in the form and the order that the import takes: an empty practice of the same
    currency that imports them gives the same export. All lines show one state. A record without
    `external_ref` has its id as its reference. Not included are API keys, links, webhook endpoints,
    the audit log, series, requests to move, wishes, offers, holds, waivers and used allowances.
    An answer that ends early, without its last chunk, is incomplete. One export of a practice runs
    at a time, and few on a server: another one is `service-unavailable`.
    """
    running: RunningExports = request.app.state.running_exports
    return await streamed(_exported(running, engine, staff.practice_id))


async def _exported(
    running: RunningExports, engine: AsyncEngine, practice_id: UUID
) -> AsyncIterator[bytes]:
    with running.place_for(practice_id):
        parts = write_lines(read_lines_of_practice(engine, practice_id))
        async with aclosing(parts) as all_parts:  # type: ignore[type-var] # it is a generator
            async for part in all_parts:
                yield part
