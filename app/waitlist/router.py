"""A client's wish for an earlier time, and the offers of freed times."""

from fastapi import APIRouter, Response

from app.identity.client_dependencies import AnyCall, AnyCaller, ClientCaller, Writing
from app.identity.queries import read_practice
from app.identity.short_links.queries import read_offer_link
from app.sessions.client_api.problems import READ_PROBLEMS, WRITE_PROBLEMS
from app.waitlist.access import (
    OfferCaller,
    check_offer_link,
    find_own_offer,
    list_own_offers,
)
from app.waitlist.commands.answer import accept_offer, decline_offer
from app.waitlist.commands.wish import put_wish, read_own_wish, withdraw_own_wish
from app.waitlist.dependencies import AnyOfferCaller, OfferSigner, OfferWriting, OldestEnd
from app.waitlist.presenter import (
    offer_answer,
    present_offer,
    present_opened_offer,
    present_wish,
    wish_answer,
)
from app.waitlist.schemas import (
    OfferAnswer,
    OfferList,
    OfferView,
    OpenedOffer,
    OpenOfferRequest,
    WishAnswer,
    WishOfSession,
    WishRequest,
)
from app.web.app_settings import AppSettings
from app.web.dependencies import Now, Reading
from app.web.problems.catalogue import responses
from app.web.responses import done, json_answer
from app.web.types import RecordId, SessionId

router = APIRouter(prefix="/v1", tags=["Waitlist"])


@router.put(
    "/sessions/{session_id}/wish",
    summary="Wish for an earlier time",
    response_model=WishAnswer,
    responses={
        201: {"model": WishAnswer, "description": "The wish is new."},
        **responses(*WRITE_PROBLEMS, "session-not-booked", "session-started", "waitlist-off"),
    },
)
async def put_session_wish(
    session_id: SessionId, body: WishRequest, call: AnyCall, write: Writing
) -> Response:
    """Wish for an earlier time of a session. The session stays as it is.

    When a time is given up that suits the wish, the client is asked by email, and the time is kept
    for them until `answer_by`. Nobody is asked from 21:00 until 8:00 of their zone, nor later than
    two hours before the start. Nobody is moved without a yes. Accepting moves the session free of
    charge, whatever the policy's deadlines say.

    A session has one wish: sending it again changes it, and resumes it if it was paused. The wish
    lapses when the session starts, ends, or is moved by its client.
    """
    return await write(
        lambda db: put_wish(db, call.caller, session_id, body.times(), now=call.now),
        lambda outcome: wish_answer(outcome, call.now),
    )


@router.get(
    "/sessions/{session_id}/wish",
    summary="Show the wish for a session",
    response_model=WishOfSession,
    responses=responses(*READ_PROBLEMS),
)
async def get_session_wish(
    session_id: SessionId, caller: AnyCaller, now: Now, db: Reading
) -> Response:
    """Show the latest wish for a session, with its open offer. Null if there never was one."""
    wish = await read_own_wish(db, caller, session_id)
    shown: WishOfSession = {"wish": None if wish is None else present_wish(wish, now)}
    return json_answer(shown)


@router.delete(
    "/sessions/{session_id}/wish",
    status_code=204,
    summary="End the wish for a session",
    responses=responses(*WRITE_PROBLEMS),
)
async def delete_session_wish(session_id: SessionId, call: AnyCall, write: Writing) -> Response:
    """End the wish for a session, and its open offer. Without a wish nothing changes."""
    return await write(
        lambda db: withdraw_own_wish(db, call.caller, session_id, now=call.now), done
    )


@router.get(
    "/offers",
    summary="List open offers",
    response_model=OfferList,
    responses=responses("unauthorized", "forbidden", "service-unavailable"),
)
async def list_open_offers(caller: ClientCaller, now: Now, db: Reading) -> Response:
    """List the offers to the signed-in client that wait for an answer.

    The holder of a link sees the offer for its session with the wish.
    """
    found = await list_own_offers(db, caller, now)
    shown: OfferList = {"items": [present_offer(offer, now) for offer in found]}
    return json_answer(shown)


@router.post(
    "/offers/open",
    summary="Open the link of an offer",
    response_model=OpenedOffer,
    responses=responses(
        "link-invalid",
        "link-expired",
        "validation-failed",
        "payload-too-large",
        "unsupported-media-type",
        "service-unavailable",
    ),
)
async def open_offer_link(
    body: OpenOfferRequest, offers: OfferSigner, oldest_end: OldestEnd, now: Now, db: Reading
) -> Response:
    """Show the offer of an emailed link. This changes nothing, and works any number of times.

    The code of the link in a text message, 16 letters and digits, is such a token too.

    To answer, send the same token as `Authorization: Bearer …` with `accept` or `decline`, after a
    person's click. A link expires some time after the end of the offered time: `link-expired`.
    """
    link = await read_offer_link(db, body.token, offers)
    await check_offer_link(db, link, oldest_end)
    offer = await find_own_offer(db, OfferCaller(link, oldest_end), link.offer_id)
    practice = await read_practice(db, link.practice_id)
    return json_answer(present_opened_offer(offer, practice, now))


@router.get(
    "/offers/{offer_id}",
    summary="Show an offer",
    response_model=OfferView,
    responses=responses(*READ_PROBLEMS),
)
async def get_offer(offer_id: RecordId, caller: AnyOfferCaller, now: Now, db: Reading) -> Response:
    """Show an offer, also one that has ended."""
    return json_answer(present_offer(await find_own_offer(db, caller, offer_id), now))


@router.post(
    "/offers/{offer_id}/accept",
    summary="Accept an offer",
    response_model=OfferAnswer,
    responses=responses(*WRITE_PROBLEMS, "offer-expired", "offer-gone", "credit-unavailable"),
)
async def accept_own_offer(
    offer_id: RecordId,
    caller: AnyOfferCaller,
    now: Now,
    settings: AppSettings,
    write: OfferWriting,
) -> Response:
    """Accept an offer: the session moves to its time, or a session is booked.

    A move keeps the session's id, price and credit; it is free of charge, does not count towards a
    limit, and is possible after the policy's deadline. Too late is `offer-expired`; a time that is
    gone is `offer-gone`. Both leave the session as it was. Accepting again changes nothing.

    The client's other wishes for this service end.
    """
    return await write(
        lambda db: accept_offer(db, caller, offer_id, now=now, credit_grace=settings.credit_grace),
        lambda outcome: offer_answer(outcome, now),
    )


@router.post(
    "/offers/{offer_id}/decline",
    summary="Decline an offer",
    response_model=OfferAnswer,
    responses=responses(*WRITE_PROBLEMS, "offer-expired", "offer-gone"),
)
async def decline_own_offer(
    offer_id: RecordId, caller: AnyOfferCaller, now: Now, write: OfferWriting
) -> Response:
    """Decline an offer. The wish waits for the next time. Declining again changes nothing."""
    return await write(
        lambda db: decline_offer(db, caller, offer_id, now=now),
        lambda outcome: offer_answer(outcome, now),
    )
