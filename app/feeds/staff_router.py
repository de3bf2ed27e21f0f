"""`/v1/practice/practitioners/{practitioner_id}/feeds`: calendar feeds of practitioners."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from app.domain.errors import NotFoundError
from app.feeds import commands
from app.feeds.presenter import present_new_practitioner_feed, present_practitioner_feeds
from app.feeds.queries import practitioner_exists
from app.feeds.records import FeedOwner
from app.feeds.schemas import (
    NewPractitionerFeed,
    NewPractitionerFeedView,
    PractitionerFeedPage,
)
from app.identity.staff_dependencies import (
    StaffReader,
    StaffSecretWriting,
    StaffWriter,
    StaffWriting,
)
from app.web.dependencies import Now, PublicUrl, Reading
from app.web.problems.catalogue import READING_BY_STAFF, responses
from app.web.responses import created, done, json_answer
from app.web.types import PathId, PractitionerId

router = APIRouter(
    prefix="/v1/practice/practitioners/{practitioner_id}/feeds", tags=["Practice: records"]
)

FeedId = Annotated[
    PathId, Path(description="The feed's id. An id of another practitioner's feed gets a 404.")
]
_PROBLEMS = (*READING_BY_STAFF, "not-found")


@router.get(
    "",
    summary="List a practitioner's calendar feeds",
    response_model=PractitionerFeedPage,
    responses=responses(*_PROBLEMS),
)
async def list_practitioner_feeds(
    practitioner_id: PractitionerId, staff: StaffReader, db: Reading
) -> Response:
    """List a practitioner's calendar feeds, oldest first, without their addresses."""
    if not await practitioner_exists(db, staff.practice_id, practitioner_id):
        raise NotFoundError
    owner = FeedOwner(practitioner_id=practitioner_id)
    found = await commands.list_feeds(db, staff.practice_id, owner)
    return json_answer(present_practitioner_feeds(found))


@router.post(
    "",
    summary="Create a practitioner's calendar feed",
    status_code=201,
    response_model=NewPractitionerFeedView,
    responses=responses(*_PROBLEMS, "payload-too-large", "unsupported-media-type"),
)
async def create_practitioner_feed(
    practitioner_id: PractitionerId,
    body: NewPractitionerFeed,
    staff: StaffWriter,
    now: Now,
    write: StaffSecretWriting,
    public_url: PublicUrl,
) -> Response:
    """Create an address at which a calendar program reads the practitioner's sessions and groups.

    Only this answer contains the address: Reslot stores a hash of its token. `names` says how the
    entries name clients; a group has one entry, which names nobody. A practitioner has five feeds
    at most: one more is `validation-failed`. The answer is not stored, so the call takes no
    `Idempotency-Key`.
    """
    return await write(
        lambda db: commands.add_practitioner_feed(
            db,
            staff.practice_id,
            practitioner_id,
            names=body.names,
            label=body.label,
            actor=staff.actor,
            now=now,
        ),
        lambda made: created(present_new_practitioner_feed(made, public_url)),
    )


@router.delete(
    "/{feed_id}",
    summary="Delete a practitioner's calendar feed",
    status_code=204,
    responses=responses(*_PROBLEMS, "idempotency-key-reused", "idempotency-key-in-use"),
)
async def delete_practitioner_feed(
    practitioner_id: PractitionerId,
    feed_id: FeedId,
    staff: StaffWriter,
    now: Now,
    write: StaffWriting,
) -> Response:
    """Delete a feed: its address is a 404 at once."""
    owner = FeedOwner(practitioner_id=practitioner_id)
    return await write(
        lambda db: commands.delete_feed(
            db, staff.practice_id, owner, feed_id, actor=staff.actor, now=now
        ),
        done,
    )
