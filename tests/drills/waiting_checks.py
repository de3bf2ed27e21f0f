"""Compares wishes, offers, releases, fees and mails of the service with the model."""

from collections import Counter
from itertools import combinations
from typing import TYPE_CHECKING, Any

from app.tables.changes import Change
from app.tables.held_times import HeldTime
from app.tables.notifications import Notification
from app.tables.sessions import Fee, Refill
from app.tables.sessions import Session as SessionTable
from app.tables.waitlist import Offer as OfferTable
from app.tables.waitlist import Wish as WishTable
from tests.drills.model_rules import verdict
from tests.drills.model_things import Session
from tests.drills.model_waiting import costs_something
from tests.drills.model_wishes import Offer, Wish
from tests.drills.story_checks import at, fee

if TYPE_CHECKING:
    from tests.drills.story_waiting import WaitingSteps

MAILS = ("offer", "offer_gone", "wish_paused", "release_ended", "fee_forgiven", "credit_returned",
         "fee_waived")  # fmt: skip
EVENTS = ("offer.made", "offer.accepted", "offer.declined", "offer.expired", "fee.collectable",
          "fee.forgiven", "fee.refundable", "fee.waived", "fee.settled",
          "session.credit_returned")  # fmt: skip
ONCE = ("fee_collectable", "fee_forgiven", "fee_refundable")


async def check_tables(story: "WaitingSteps") -> None:
    """Compare the tables with the model, and check what must be true after each command."""
    world, book = story.world, story.book
    sessions = await world.rows(SessionTable)
    offers, held = await world.rows(OfferTable), await world.rows(HeldTime)
    check_held_once(story, sessions, offers, held)
    found = {row.id: (row.status, row.starts_at, row.version) for row in sessions}
    assert found == {s.id: (s.status, s.starts_at, s.version) for s in book.sessions}
    until = {row.id: row.release_until for row in sessions if row.release_until is not None}
    assert until == {session.id: one.until for session, one in book.releases.items()}
    wishes = {
        row.id: (row.state, row.paused_at is not None, row.unanswered, row.urgent)
        for row in await world.rows(WishTable)
    }
    assert wishes == {w.id: (w.state, w.paused, w.unanswered, w.urgent) for w in book.wishes}
    states = {row.id: (row.state, row.wish_id, row.starts_at, row.answer_by) for row in offers}
    assert states == {o.id: (o.state, o.wish.id, o.starts_at, o.answer_by) for o in book.offers}
    keeping = {row.offer_id for row in held if row.offer_id and row.expires_at > story.now}
    assert keeping == {offer.id for offer in book.offers if offer.holds(story.now)}
    await check_fees(story)
    await check_told(story, offers)


def check_held_once(
    story: "WaitingSteps", sessions: list[Any], offers: list[Any], held: list[Any]
) -> None:
    """Check that a time of a practitioner is held by at most one session, hold or offer."""
    movers = {row.id: row.session_id for row in offers}
    taken = [
        (row.practitioner_id, row.starts_at, row.taken_until, row.id)
        for row in sessions
        if row.taken_until is not None and row.group_id is None
    ]
    taken += [
        (group.practitioner.id, group.starts_at, group.takes_until, group.id)
        for group in story.book.groups
        if group.status == "scheduled"
    ]
    taken += [
        (row.practitioner_id, row.starts_at, row.ends_at, row.session_id or movers[row.offer_id])
        for row in held
        if row.expires_at > story.now and row.group_id is None
    ]
    for one, other in combinations(taken, 2):
        is_other = one[0] != other[0] or (one[3] == other[3] and one[3] is not None)
        assert is_other or one[2] <= other[1] or other[2] <= one[1], (one, other)


async def check_fees(story: "WaitingSteps") -> None:
    """Compare fees and refills; no fee is collectable twice, or once it was forgiven."""
    world, book = story.world, story.book
    fees = await world.rows(Fee)
    found = Counter(
        (f.session_id, f.amount_minor, f.status, f.collect_after, f.announced_at is not None)
        for f in fees
    )
    assert found == Counter(
        (
            session.id,
            due,
            state,
            book.collect_after[session, number],
            (session, number) in book.announced,
        )
        for session, all_ in book.fees.items()
        for number, (due, _, state) in enumerate(all_)
    )
    refills = Counter((r.session_id, r.starts_at, r.state) for r in await world.rows(Refill))
    assert refills == Counter((r.session.id, r.starts_at, r.state) for r in book.refills)
    said: dict[Any, dict[str, Any]] = {}
    for row in await world.rows(Change, subject="fee"):
        if row.kind in ONCE:
            events = said.setdefault(row.subject_id, {})
            assert row.kind not in events, f"{row.kind} twice"
            events[row.kind] = row.at
    for events in said.values():
        collectable, forgiven = events.get("fee_collectable"), events.get("fee_forgiven")
        assert collectable is None or forgiven is None or collectable < forgiven


async def check_told(story: "WaitingSteps", offers: list[Any]) -> None:
    """Compare how many mails of each kind each client got, and how many events there were."""
    world, book = story.world, story.book
    clients = {session.id: session.client for session in book.sessions}
    about = {row.id: row.client_id for row in offers} | {w.id: w.client for w in book.wishes}
    subjects = {row.id: row.subject_id for row in await world.rows(Change)}
    found: Counter[Any] = Counter()
    for row in await world.rows(Notification):
        if row.kind in MAILS and row.recipient == "client":
            known = clients.get(row.session_id) or about[subjects[row.change_id]]
            found[row.kind, known] += 1
        elif row.kind in EVENTS and row.recipient == "webhook":
            found[row.kind, None] += 1
    assert found == +book.told


async def take_over_offers(story: "WaitingSteps") -> None:
    """Find the offers that the worker has made, each in a place that suits."""
    made = {(o.wish.id, o.made_at): o for o in story.book.offers if o.id is None}
    for row in await story.world.rows(OfferTable):
        offer = made.pop((row.wish_id, row.made_at), None)
        if offer is None:
            continue
        offer.id, offer.place = row.id, (row.format, row.location_id)
        assert offer.place in offer.places
        shown = (row.starts_at, row.ends_at, row.answer_by, row.holds, row.price_minor)
        assert shown == (
            *(offer.starts_at, offer.ends_at, offer.answer_by, offer.in_turn),
            offer.price,
        )
    assert not made, f"not offered: {[offer.starts_at for offer in made.values()]}"


async def check_wish(story: "WaitingSteps", wish: Wish) -> None:
    """Compare a wish as its client sees it, or staff."""
    now = story.now
    if wish.session is not None:
        client = story.speaker(wish.client)
        shown = (await client.get(f"/v1/sessions/{wish.session.id}/wish")).json()["wish"]
        wish = story.book.wish_of(wish.session) or wish
    else:
        shown = (await story.staff.get(f"/v1/practice/wishes/{wish.id}")).json()
    offer = next((o for o in story.book.offers if o.wish is wish and o.is_open(now)), None)
    state = wish.state
    if wish.is_active:
        state = "lapsed" if wish.has_lapsed(now) else "offered" if offer else "waiting"
    assert (shown["id"], shown["state"], shown["paused"]) == (str(wish.id), state, wish.paused)
    assert (shown["offer"] and shown["offer"]["id"]) == (offer and str(offer.id))


async def check_offer(story: "WaitingSteps", offer: Offer) -> None:
    """Compare an offer as its client sees it, and their open ones; others see none of it."""
    now, client = story.now, story.speaker(offer.wish.client)
    shown = (await client.get(f"/v1/offers/{offer.id}")).json()
    is_late = offer.state == "open" and not offer.is_open(now)
    assert shown["state"] == ("expired" if is_late else offer.state)
    assert (at(shown["start"]), at(shown["answer_by"])) == (offer.starts_at, offer.answer_by)
    assert shown["held"] is (offer.in_turn and offer.is_open(now))
    listed = {one["id"] for one in (await client.get("/v1/offers")).json()["items"]}
    assert listed == {
        str(one.id)
        for one in story.book.offers
        if one.wish.client == offer.wish.client and one.is_open(now)
    }
    other = next(one for one in story.stage.clients if one != offer.wish.client)
    answer = await story.speaker(other).get(f"/v1/offers/{offer.id}")
    assert answer.status_code == 404


async def check_ways(story: "WaitingSteps", session: Session) -> None:
    """Compare what the details say of a release, of a refill and of the session's fees."""
    book, now = story.book, story.now
    shown = (await story.speaker(session.client).get(f"/v1/sessions/{session.id}")).json()
    live = book.live_release(session, now)
    assert (shown["release"] and at(shown["release"]["until"])) == (live and live.until)
    cancel, judged = shown["actions"]["cancel"], verdict(session, "cancel", now)
    is_forgiven = judged.cost is not None and book.forgives(session, judged.cost) is not None
    assert cancel["forgiven_if_refilled"] is is_forgiven
    release = None
    if costs_something(judged):
        available = book.can_release(session, judged, now)
        release = {"available": available, "waiting": book.is_waited_for(session)}
    assert cancel["release"] == release
    owed = (await story.staff.get(f"/v1/practice/fees?session={session.id}")).json()["items"]
    assert Counter((fee(one["amount"]), at(one["collect_after"])) for one in owed) == Counter(
        (due, book.collect_after[session, number])
        for number, (due, *_) in enumerate(book.fees[session])
    )
