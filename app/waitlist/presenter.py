"""Present wishes and offers: to clients in their zone, to staff in UTC."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, tzinfo
from uuid import UUID

from app.domain.waitlist import OfferState
from app.identity.presenter import present_practice
from app.identity.queries import PracticeRecord
from app.sessions.client_api.decision_presenter import present_cancel_after
from app.sessions.client_api.presenter import present_location
from app.waitlist import schemas
from app.waitlist.commands.release import ReleaseOutcome
from app.waitlist.records import OfferOutcome, OfferRecord, WishOutcome, WishRecord
from app.waitlist.release_schemas import ReleaseAnswer
from app.web.idempotency import StoredAnswer
from app.web.json import as_json
from app.web.pagination import Page
from app.web.views import present_money


def present_wish(wish: WishRecord, now: datetime, zone: tzinfo | None = None) -> schemas.WishView:
    """Present a wish, by default in its client's zone."""
    zone, times = zone or wish.client_zone, wish.times
    is_open = wish.offer is not None and wish.offer.state_at(now) == "open"
    state = wish.state_at(now)
    if state == "offered" and not is_open:
        state = "waiting"
    return {
        "id": wish.id,
        "session_id": wish.session_id,
        "state": state,
        "paused": wish.paused_at is not None,
        "until": _in(zone, times.until),
        "weekdays": list(times.weekdays),
        "from_time": _hour(times.from_time),
        "to_time": _hour(times.to_time),
        "formats": list(times.formats),
        "notice_hours": times.notice_hours,
        "made_at": wish.made_at.astimezone(zone),
        "offer": present_offer(wish.offer, now, zone)
        if wish.offer is not None and is_open
        else None,
    }


def present_practice_wish(wish: WishRecord, now: datetime) -> schemas.PracticeWishView:
    """Present a wish to staff."""
    return {
        **present_wish(wish, now, UTC),
        "client": {"id": wish.client_id, "name": wish.client_name},
        "service_id": wish.service_id,
        "practitioner_id": wish.practitioner_id,
        "group_id": wish.group_id,
        "package_id": wish.package_id,
        "urgent": wish.urgent,
        "unanswered": wish.unanswered,
        "ended_at": wish.ended_at,
    }


def present_wishes(page: Page[WishRecord], now: datetime) -> schemas.PracticeWishPage:
    """Present a page of wishes to staff."""
    items = [present_practice_wish(wish, now) for wish in page.rows]
    return {"items": items, "next_cursor": page.next_cursor}


def wish_answer(outcome: WishOutcome, now: datetime) -> StoredAnswer:
    """Make the response to a client's command."""
    shown: schemas.WishAnswer = {
        **present_wish(outcome.wish, now),
        "command_id": outcome.command_id,
    }
    return StoredAnswer(201 if outcome.is_new else 200, None, as_json(shown))


def practice_wish_answer(outcome: WishOutcome, now: datetime) -> StoredAnswer:
    """Make the response to a command of staff."""
    shown: schemas.PracticeWishAnswer = {
        **present_practice_wish(outcome.wish, now),
        "command_id": outcome.command_id,
    }
    return StoredAnswer(201 if outcome.is_new else 200, None, as_json(shown))


def present_offer(
    offer: OfferRecord, now: datetime, zone: tzinfo | None = None
) -> schemas.OfferView:
    """Present an offer, by default in its client's zone."""
    zone = zone or offer.client_zone
    state, after = offer.state_at(now), offer.cancel_after(now)
    return {
        "id": offer.id,
        "state": state,
        "session_id": offer.session_id,
        "service": {"id": offer.service_id, "name": offer.service_name},
        "practitioner": {"id": offer.practitioner_id, "name": offer.practitioner_name},
        "start": offer.starts_at.astimezone(zone),
        "end": offer.ends_at.astimezone(zone),
        "time_zone": str(zone),
        "old_start": _in(zone, offer.old_starts_at),
        "format": offer.format,
        "location": present_location(offer.location, offer.practitioner_zone),
        "group_id": offer.group_id,
        "price": None if offer.package_id is not None else present_money(offer.price),
        "package": None
        if offer.package_id is None
        else {"id": offer.package_id, "name": offer.package_name or ""},
        "held": offer.holds and state == "open",
        "made_at": offer.made_at.astimezone(zone),
        "answer_by": offer.answer_by.astimezone(zone),
        "cancel_after": None if after is None else present_cancel_after(after, zone),
    }


def present_opened_offer(
    offer: OfferRecord, practice: PracticeRecord, now: datetime
) -> schemas.OpenedOffer:
    """Present the offer of a link, with its practice."""
    return {**present_offer(offer, now), "practice": present_practice(practice)}


def present_practice_offer(offer: OfferRecord, now: datetime) -> schemas.PracticeOfferView:
    """Present an offer to staff."""
    return {
        **present_offer(offer, now, UTC),
        "wish_id": offer.wish_id,
        "client": {"id": offer.client_id, "name": offer.client_name},
        "ended_at": offer.ended_at,
    }


def present_offers(page: Page[OfferRecord], now: datetime) -> schemas.PracticeOfferPage:
    """Present a page of offers to staff."""
    items = [present_practice_offer(offer, now) for offer in page.rows]
    return {"items": items, "next_cursor": page.next_cursor}


def offer_answer(outcome: OfferOutcome, now: datetime) -> StoredAnswer:
    """Make the response to an answer of a client."""
    shown: schemas.OfferAnswer = {
        **present_offer(outcome.offer, now),
        "booked_session_id": outcome.session_id,
        "command_id": outcome.command_id,
    }
    return StoredAnswer(200, None, as_json(shown))


def practice_offer_answer(
    offer: OfferRecord, command_id: UUID | None, now: datetime
) -> StoredAnswer:
    """Make the response to a command of staff."""
    shown: schemas.PracticeOfferAnswer = {
        **present_practice_offer(offer, now),
        "command_id": command_id,
    }
    return StoredAnswer(200, None, as_json(shown))


def present_counts(counts: Mapping[OfferState, int]) -> schemas.OfferCounts:
    """Present how many offers were made, and the share that was accepted."""
    accepted = counts.get("accepted", 0)
    answered = accepted + counts.get("declined", 0) + counts.get("expired", 0)
    return {
        "made": sum(counts.values()),
        "open": counts.get("open", 0),
        "accepted": accepted,
        "declined": counts.get("declined", 0),
        "expired": counts.get("expired", 0),
        "withdrawn": counts.get("withdrawn", 0),
        "accepted_share": round(accepted / answered, 4) if answered else None,
    }


def _in(zone: tzinfo, instant: datetime | None) -> datetime | None:
    return None if instant is None else instant.astimezone(zone)


def _hour(at: time | None) -> str | None:
    return None if at is None else f"{at:%H:%M}"


def release_answer(outcome: ReleaseOutcome) -> StoredAnswer:
    """Make the response to a release, to send and to store under its idempotency key."""
    record = outcome.record
    shown: ReleaseAnswer = {
        "session_id": record.id,
        "release": {"until": outcome.until.astimezone(record.client_zone)},
        "command_id": outcome.command_id,
    }
    return StoredAnswer(201 if outcome.is_new else 200, None, as_json(shown))
