"""`/v1/practice/wishes` and `/v1/practice/offers`: staff see and enter who waits for a time."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.identity.staff_dependencies import StaffReader, StaffWriter, StaffWriting
from app.waitlist.commands.offers import withdraw_offer
from app.waitlist.commands.wish import add_wish_by_staff, resume_wish, withdraw_wish
from app.waitlist.presenter import (
    practice_offer_answer,
    practice_wish_answer,
    present_counts,
    present_offers,
    present_practice_offer,
    present_practice_wish,
    present_wishes,
)
from app.waitlist.queries import count_offers, list_offers, list_wishes, read_offer, read_wish
from app.waitlist.schemas import (
    NewPracticeWish,
    OfferCounts,
    OfferCountsQuery,
    OffersQuery,
    PracticeOfferAnswer,
    PracticeOfferPage,
    PracticeOfferView,
    PracticeWishAnswer,
    PracticeWishPage,
    PracticeWishView,
    WishesQuery,
)
from app.web.cursors import TimePosition
from app.web.dependencies import CursorSigner, Now, Reading
from app.web.pagination import PageRequest
from app.web.problems.catalogue import READING_BY_STAFF, WRITING_BY_STAFF, responses
from app.web.responses import json_answer
from app.web.types import RecordId

router = APIRouter(prefix="/v1/practice", tags=["Practice: waitlist"])


@router.post(
    "/wishes",
    status_code=201,
    summary="Enter a wish",
    response_model=PracticeWishAnswer,
    responses={
        200: {"model": PracticeWishAnswer, "description": "The session's wish was changed."},
        **responses(
            *WRITING_BY_STAFF,
            "session-not-booked",
            "session-started",
            "waitlist-off",
        ),
    },
)
async def create_practice_wish(
    body: NewPracticeWish, staff: StaffWriter, now: Now, write: StaffWriting
) -> Response:
    """Enter a wish for a client: for a session that is to come sooner, or for a new session.

    A wish for a session replaces the one that there is. A wish for a new session names the client
    and the service, or a group whose seats are all taken; accepting an offer books a session. A
    client waits once for a group.
    """
    return await write(
        lambda db: add_wish_by_staff(db, staff, body.wish(), now=now),
        lambda outcome: practice_wish_answer(outcome, now),
    )


@router.get(
    "/wishes",
    summary="List wishes",
    response_model=PracticeWishPage,
    responses=responses(*READING_BY_STAFF),
)
async def list_practice_wishes(
    query: Annotated[WishesQuery, Query()],
    staff: StaffReader,
    cursors: CursorSigner,
    now: Now,
    db: Reading,
) -> Response:
    """List wishes with their clients and open offers, the latest first."""
    asked = PageRequest(cursors, query, TimePosition, "wishes", staff.practice_id)
    found = await list_wishes(db, staff.practice_id, asked.part, now)
    page = asked.paginate(found, lambda last: TimePosition(last.made_at, last.id))
    return json_answer(present_wishes(page, now))


@router.get(
    "/wishes/{wish_id}",
    summary="Show a wish",
    response_model=PracticeWishView,
    responses=responses(*READING_BY_STAFF, "not-found"),
)
async def get_practice_wish(
    wish_id: RecordId, staff: StaffReader, now: Now, db: Reading
) -> Response:
    """Show a wish with its client and its open offer."""
    found = await read_wish(db, staff.practice_id, wish_id)
    return json_answer(present_practice_wish(found, now))


@router.post(
    "/wishes/{wish_id}/withdraw",
    summary="End a wish",
    response_model=PracticeWishAnswer,
    responses=responses(*WRITING_BY_STAFF, "not-found"),
)
async def withdraw_practice_wish(
    wish_id: RecordId, staff: StaffWriter, now: Now, write: StaffWriting
) -> Response:
    """End a wish, and its open offer, whose client is told that the time is gone.

    Doing it again changes nothing. A wish that has lapsed stays so.
    """
    return await write(
        lambda db: withdraw_wish(db, staff, wish_id, now=now),
        lambda outcome: practice_wish_answer(outcome, now),
    )


@router.post(
    "/wishes/{wish_id}/resume",
    summary="Resume a paused wish",
    response_model=PracticeWishAnswer,
    responses=responses(*WRITING_BY_STAFF, "not-found"),
)
async def resume_practice_wish(
    wish_id: RecordId, staff: StaffWriter, now: Now, write: StaffWriting
) -> Response:
    """Let a wish wait again that was paused after three offers without an answer."""
    return await write(
        lambda db: resume_wish(db, staff, wish_id, now=now),
        lambda outcome: practice_wish_answer(outcome, now),
    )


@router.get(
    "/offers",
    summary="List offers",
    response_model=PracticeOfferPage,
    responses=responses(*READING_BY_STAFF),
)
async def list_practice_offers(
    query: Annotated[OffersQuery, Query()],
    staff: StaffReader,
    cursors: CursorSigner,
    now: Now,
    db: Reading,
) -> Response:
    """List offers, the latest first."""
    asked = PageRequest(cursors, query, TimePosition, "offers", staff.practice_id)
    found = await list_offers(db, staff.practice_id, asked.part, now)
    page = asked.paginate(found, lambda last: TimePosition(last.made_at, last.id))
    return json_answer(present_offers(page, now))


@router.get(
    "/offers/counts",
    summary="Count offers",
    response_model=OfferCounts,
    responses=responses(*READING_BY_STAFF),
)
async def get_practice_offer_counts(
    query: Annotated[OfferCountsQuery, Query()], staff: StaffReader, now: Now, db: Reading
) -> Response:
    """Count the offers that were made in a time, and the share that was accepted."""
    counts = await count_offers(db, staff.practice_id, query.since, query.until, now)
    return json_answer(present_counts(counts))


@router.get(
    "/offers/{offer_id}",
    summary="Show an offer to staff",
    response_model=PracticeOfferView,
    responses=responses(*READING_BY_STAFF, "not-found"),
)
async def get_practice_offer(
    offer_id: RecordId, staff: StaffReader, now: Now, db: Reading
) -> Response:
    """Show an offer with its client, also one that has ended."""
    found = await read_offer(db, staff.practice_id, offer_id)
    return json_answer(present_practice_offer(found, now))


@router.post(
    "/offers/{offer_id}/withdraw",
    summary="Withdraw an offer",
    response_model=PracticeOfferAnswer,
    responses=responses(*WRITING_BY_STAFF, "not-found"),
)
async def withdraw_practice_offer(
    offer_id: RecordId, staff: StaffWriter, now: Now, write: StaffWriting
) -> Response:
    """Withdraw an open offer; its client is told. One that has ended does not change.

    The wish waits for another time, and this one is offered to the next who waits.
    """
    return await write(
        lambda db: withdraw_offer(db, staff, offer_id, now=now),
        lambda outcome: practice_offer_answer(outcome.offer, outcome.command_id, now),
    )
