"""Calendar feeds: `/v1/feeds` of clients, `/feeds/{token}.ics` for calendar programs."""

import asyncio
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from werkzeug.http import parse_etags

from app.database.transactions import read_connection
from app.feeds import commands
from app.feeds.calendar import etag_of, write_feed
from app.feeds.presenter import present_feeds, present_new_feed
from app.feeds.queries import read_entries
from app.feeds.records import FeedOwner
from app.feeds.schemas import FeedPage, NewFeedView
from app.identity.client_dependencies import ClientCall, ClientSecretWriting, Writing
from app.identity.queries import confirm_caller
from app.web.dependencies import Engine, Now, PublicUrl, ReadEngine, Reading
from app.web.problems.catalogue import responses
from app.web.responses import created, done, json_answer
from app.web.types import PathId

router = APIRouter(tags=["Calendar feeds"])

FeedId = Annotated[PathId, Path(description="The feed's id. An id of somebody else's gets a 404.")]
MEDIA_TYPE = "text/calendar"
_EXAMPLE = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Reslot//Reslot//EN\r\nMETHOD:PUBLISH\r\n"
    "NAME:Harbor Wellness\r\nREFRESH-INTERVAL;VALUE=DURATION:PT15M\r\nBEGIN:VEVENT\r\n"
    "UID:0b0e7c39-5a3f-4b1e-9a53-0f6a2f0f4c11@reslot\r\nSEQUENCE:2\r\nDTSTAMP:20261125T101500Z\r\n"
    "DTSTART:20261203T200000Z\r\nDTEND:20261203T205000Z\r\nSUMMARY:Follow-up\\, Harbor Wellness"
    "\r\nSTATUS:CONFIRMED\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
_AS_CALENDAR: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The booked sessions.",
        "content": {MEDIA_TYPE: {"schema": {"type": "string"}, "example": _EXAMPLE}},
    },
    304: {"description": "Nothing has changed: the `ETag` is one of `If-None-Match`."},
}
_PROBLEMS = ("unauthorized", "forbidden", "service-unavailable")


class FeedResponse(Response):
    """A calendar feed."""

    media_type = MEDIA_TYPE


@router.get(
    "/v1/feeds",
    summary="List calendar feeds",
    response_model=FeedPage,
    responses=responses(*_PROBLEMS),
)
async def list_feeds(call: ClientCall, db: Reading) -> Response:
    """List the client's calendar feeds, oldest first, without their addresses."""
    caller = call.caller
    await confirm_caller(db, caller)
    owner = FeedOwner(client_id=caller.client_id)
    return json_answer(present_feeds(await commands.list_feeds(db, caller.practice_id, owner)))


@router.post(
    "/v1/feeds",
    summary="Create a calendar feed",
    status_code=201,
    response_model=NewFeedView,
    responses=responses(*_PROBLEMS, "validation-failed"),
)
async def create_feed(
    call: ClientCall, write: ClientSecretWriting, public_url: PublicUrl
) -> Response:
    """Create an address at which the client's calendar program reads their booked sessions.

    Only this answer contains the address: Reslot stores a hash of its token. Whoever has it can
    read the feed, until it is deleted; deactivating the client, another address of theirs, and
    signing out everywhere end it too. A client has five at most: one more is `validation-failed`.
    The answer is not stored, so the call takes no `Idempotency-Key`.
    """
    caller = call.caller
    return await write(
        lambda db: commands.add_client_feed(
            db, caller.practice_id, caller.client_id, actor=caller.actor, now=call.now
        ),
        lambda made: created(present_new_feed(made, public_url)),
    )


@router.delete(
    "/v1/feeds/{feed_id}",
    summary="Delete a calendar feed",
    status_code=204,
    responses=responses(
        *_PROBLEMS,
        "not-found",
        "validation-failed",
        "idempotency-key-reused",
        "idempotency-key-in-use",
    ),
)
async def delete_feed(feed_id: FeedId, call: ClientCall, write: Writing) -> Response:
    """Delete a feed: its address is a 404 at once."""
    caller = call.caller
    owner = FeedOwner(client_id=caller.client_id)
    return await write(
        lambda db: commands.delete_feed(
            db, caller.practice_id, owner, feed_id, actor=caller.actor, now=call.now
        ),
        done,
    )


@router.get(
    "/feeds/{token}.ics",
    summary="Read a calendar feed",
    response_class=FeedResponse,
    responses=_AS_CALENDAR
    | responses("not-found", "validation-failed", "rate-limited", "service-unavailable"),
)
async def get_calendar_feed(
    token: Annotated[str, Path(description="The token of the address.")],
    request: Request,
    engine: Engine,
    read_engine: ReadEngine,
    now: Now,
) -> Response:
    """Read the booked sessions, from 30 days back to 365 days ahead, for a calendar program.

    An entry has the UID and the SEQUENCE of the session's emails, so that a program which knows it
    from there does not show it twice. It contains no notes, reasons and money.

    The `ETag` changes if and only if the content does: with `If-None-Match` the response is a 304
    without a body if nothing has changed. A feed can be read 60 times an hour. An unknown token, a
    deleted feed, and one whose owner is inactive all get the same 404.
    """
    feed = await commands.open_feed(engine, token, now)
    async with read_connection(read_engine) as db:
        entries = await read_entries(db, feed, now)
    etag = etag_of(feed, entries)
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    known = parse_etags(", ".join(request.headers.getlist("If-None-Match")))
    if known.contains_raw(etag) or known.contains_weak(etag.strip('"')):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    # Writing a year of a practitioner's sessions takes a second.
    written = await asyncio.to_thread(write_feed, feed, entries)
    return FeedResponse(written, headers=headers)
