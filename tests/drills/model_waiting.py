"""The model of a practice whose clients wait: wishes, freed times, offers and releases.

What a session, a wish or an offer is after a command is decided here, from product.md section 10;
what the worker does is in model_asking.py.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from tests.drills.model import STILL_WAITING, UNDO_WINDOW
from tests.drills.model_holds import Hold, Holds
from tests.drills.model_records import Answer, Package, RefusedError
from tests.drills.model_refill import Entry, RefillBook
from tests.drills.model_rules import Cost, Verdict, is_free, verdict
from tests.drills.model_slots import (
    Look,
    Slot,
    fits,
    is_full,
    is_on_step,
    is_taken,
    is_within_reach,
)
from tests.drills.model_things import MINUTE, Before, Group, Practitioner, Session, Taker
from tests.drills.model_wishes import (
    LAST_ASKED,
    Freed,
    Offer,
    Times,
    Wish,
    draft_for,
)

MOST_UNANSWERED = 3
FREEING = ("cancelled", "noshow", "rescheduled", "restored")


class Release(NamedTuple):
    """Until when a session's time is given up if somebody takes it."""

    until: datetime
    freed: Freed


@dataclass(eq=False)
class WaitingHolds(Holds):
    """What sessions hold, and what is kept for those who are asked in turn."""

    offers: list[Offer] = field(default_factory=list)

    def times(self, now: datetime, but: Collection[Taker] = ()) -> list[Any]:
        kept = [one for one in self.offers if one.holds(now) and one.seat_of is None]
        return [*super().times(now, but), *kept]

    def seats(self, group: Group, now: datetime, but: Session | None = None) -> list[Any]:
        kept = [one for one in self.offers if one.holds(now) and one.seat_of is group]
        return [*super().seats(group, now, but), *kept]

    def end_seats(self, group: Group) -> None:
        super().end_seats(group)
        for offer in self.offers:
            offer.keeps &= offer.seat_of is not group

    def end_latest(self, holds: list[Any], number: int) -> None:
        latest = sorted(holds, key=lambda hold: hold.first)[len(holds) - number :]
        for offer in latest:
            offer.keeps = False
        super().end_latest([one for one in latest if isinstance(one, Hold)], number)

    def end_under(self, taker: Taker) -> None:
        super().end_under(taker)
        for offer in self.offers:
            if offer.seat_of is None and is_taken(taker, taker.starts_at, [offer]):
                offer.keeps = False


@dataclass(eq=False)
class WaitingBook(RefillBook):
    """A book with those who wait. `mode` and `minutes` are the service's, `zones` the clients'."""

    mode: str = "in_turn"
    minutes: int = 60
    zones: dict[UUID, Any] = field(default_factory=dict)
    wishes: list[Wish] = field(default_factory=list)
    freed: list[Freed] = field(default_factory=list)
    found: list[Freed] = field(default_factory=list)
    releases: dict[Session, Release] = field(default_factory=dict)
    holds: WaitingHolds = field(default_factory=WaitingHolds)

    @property
    def offers(self) -> list[Offer]:
        return self.holds.offers

    # What a change of a session does to those who wait.

    def _record(self, session: Session, kind: str, by: str, due: Cost) -> Answer:
        before = self.entries.get(session, [])[-1:]
        answer = super()._record(session, kind, by, due)
        self.releases.pop(session, None)
        for last in before:
            if kind in FREEING and self._leaves(session, last, kind):
                start = last.starts_at if last.group is None else last.group.starts_at
                ends_at = start + session.duration * MINUTE
                look_at = self.now + (UNDO_WINDOW + STILL_WAITING if by == "client" else 0 * MINUTE)
                of = session.practitioner, session
                self._free(*of, start, ends_at, look_at, group=last.group)
        return answer

    def _leaves(self, session: Session, last: Entry, kind: str) -> bool:
        """Tell whether a change gives up the time, or the seat, of before."""
        if last.group is not None:
            is_left = session.status == "cancelled" or session.group is not last.group
            return is_left and last.kind != "cancelled"
        is_left = session.status in {"cancelled", "noshow"} or session.starts_at != last.starts_at
        is_late = kind == "noshow" and self.now >= session.starts_at
        return is_left and last.kind not in {"cancelled", "noshow"} and not is_late

    def _free(
        self,
        practitioner: Practitioner,
        session: Session | None,
        start: datetime,
        end: datetime,
        look_at: datetime,
        *,
        released: bool = False,
        group: Group | None = None,
    ) -> Freed:
        number = len(self.freed) + len(self.found)
        one = Freed(number, practitioner, session, start, end, self.now, look_at, released, group)
        (self.freed if released else self.found).append(one)
        return one

    def undo(self, session: Session, now: datetime) -> Answer:
        """Book a session again as staff: what is kept for those who are asked is no obstacle."""
        kept = [
            offer
            for offer in self.offers
            if offer.holds(now)
            and offer.seat_of is None
            and is_taken(session, session.starts_at, [offer])
        ]
        if session.group is not None:
            held = self.holds.seats(session.group, now)
            asked = [
                one for one in held if isinstance(one, Offer) and session.status == "cancelled"
            ]
            kept = sorted(asked, key=lambda one: one.made_at)[-1:]
        for offer in kept:
            offer.keeps = False
        try:
            return super().undo(session, now)
        except RefusedError:
            for offer in kept:
                offer.keeps = True
            raise

    # Wishes.

    def put_wish(
        self, session: Session, times: Times, now: datetime, *, urgent: bool | None = None
    ) -> Answer:
        """Wish for an earlier time, as the client or as staff. `urgent` None: as it is."""
        if session.status != "booked":
            raise RefusedError("session-not-booked")
        if session.starts_at <= now:
            raise RefusedError("session-started")
        if self.mode == "off":
            raise RefusedError("waitlist-off")
        if times.until is not None and not now < times.until <= session.starts_at:
            raise RefusedError("validation-failed")
        wish = self.wish_of(session)
        if wish is not None and wish.is_active and wish.has_lapsed(now):
            self._end_wish(wish, "lapsed", now)
        if wish is None or not wish.is_active:
            zone = self.zones[session.client]
            wish = Wish(session.client, zone, session, session.practitioner, now, times)
            wish.urgent = bool(urgent)
            self.wishes.append(wish)
            return Answer(201)
        is_urgent = wish.urgent if urgent is None else urgent
        if (wish.times, wish.urgent, wish.paused) != (times, is_urgent, False):
            wish.times, wish.urgent, wish.paused, wish.unanswered = times, is_urgent, False, 0
        return Answer(200)

    def add_wish(self, wish: Wish, now: datetime) -> Answer:
        """Enter a wish without a session, as staff."""
        if wish.group is not None:
            self._check_group_to_wish(wish, wish.group, now)
        if self.mode == "off":
            raise RefusedError("waitlist-off")
        if wish.times.until is not None and wish.times.until <= now:
            raise RefusedError("validation-failed")
        wish.made_at = now
        self.wishes.append(wish)
        return Answer(201)

    def _check_group_to_wish(self, wish: Wish, group: Group, now: datetime) -> None:
        has_seat = any(seat.client == wish.client for seat in self.seats_taken(group))
        waits = any(
            one.group is group and one.client == wish.client and one.is_active
            for one in self.wishes
            if one.times.until is None or one.times.until >= now
        )
        is_over = group.status == "cancelled" or group.starts_at <= now
        if is_over or has_seat or waits:
            raise RefusedError("validation-failed")

    def wish_of(self, session: Session) -> Wish | None:
        """Find the wish for a session that has not ended, or else the last one."""
        own = [wish for wish in reversed(self.wishes) if wish.session is session]
        return next((wish for wish in own if wish.is_active), own[0] if own else None)

    def withdraw_wish(self, wish: Wish | None, now: datetime, *, by_staff: bool = False) -> Answer:
        if wish is not None and wish.is_active and not wish.has_lapsed(now):
            self._end_wish(wish, "withdrawn", now, tells=by_staff)
        return Answer(200)

    def undo_by_client(self, session: Session, seen: int, now: datetime) -> Answer:
        """Take back the client's last change; a wish that it has ended waits again."""
        changed_at = self.entries[session][-1].at if self.entries.get(session) else None
        answer = super().undo_by_client(session, seen, now)
        own = [wish for wish in self.wishes if wish.session is session]
        for wish in own:
            is_ended_by_it = wish.state == "lapsed" and wish.ended_at == changed_at
            is_in_time = wish.times.until is None or wish.times.until >= now
            if is_ended_by_it and is_in_time and not any(one.is_active for one in own):
                wish.state, wish.ended_at = "waiting", None
        return answer

    def _moved_by_client(
        self, session: Session, to: Slot, due: Cost, now: datetime, before: Before | None = None
    ) -> Answer:
        """Move a session as its client, which ends its wish."""
        if to[0] != session.starts_at:
            self._end_wish_of(session, now, tells=False)
        return super()._moved_by_client(session, to, due, now, before)

    def _ended(self, session: Session, status: str, by: str, due: Cost, now: datetime) -> Answer:
        """End a session, and its wish; a client who has not done it is told of the offer."""
        if status != "fulfilled":
            self._end_wish_of(session, now, tells=by != "client")
        return super()._ended(session, status, by, due, now)

    def _end_wish_of(self, session: Session, now: datetime, *, tells: bool) -> None:
        wish = self.wish_of(session)
        if wish is not None and wish.is_active:
            self._end_wish(wish, "lapsed", now, tells=tells)

    def resume(self, wish: Wish) -> Answer:
        if wish.paused and not wish.has_lapsed(self.now):
            wish.paused, wish.unanswered = False, 0
        return Answer(200)

    def _end_wish(self, wish: Wish, state: str, now: datetime, *, tells: bool = False) -> None:
        """End a wish, and its open offer; a client who has not ended it themselves is told."""
        wish.state, wish.ended_at, wish.paused = state, now, False
        for offer in self.offers:
            if offer.wish is wish and offer.state == "open":
                self._withdraw(offer, now, tells=tells)

    # Offers.

    def _end_offer(self, offer: Offer, state: str, now: datetime) -> None:
        """End an offer; its wish waits again, and its time is looked at at once."""
        offer.state = state
        if offer.wish.state == "offered":
            offer.wish.state = "waiting"
        if not offer.freed.is_over:
            offer.freed.look_at = now

    def _withdraw(self, offer: Offer, now: datetime, *, tells: bool) -> None:
        """End an offer with its wish or its release; one that was not answered has expired."""
        if not offer.is_open(now):
            self._expire(offer, now)
            return
        self._end_offer(offer, "withdrawn", now)
        if tells:
            self.tell(offer.wish.client, "offer_gone")

    def _expire(self, offer: Offer, now: datetime) -> None:
        wish = offer.wish
        self._end_offer(offer, "expired", now)
        self.tell(None, "offer.expired")
        wish.unanswered += 1
        if wish.is_active and wish.unanswered >= MOST_UNANSWERED:
            wish.paused = True
            self.tell(wish.client, "wish_paused")

    def decline(self, offer: Offer, client: UUID, now: datetime) -> Answer:
        if self._is_answered(offer, client, "declined", now):
            return Answer(200)
        self._end_offer(offer, "declined", now)
        offer.wish.unanswered = 0
        self.tell(None, "offer.declined")
        return Answer(200)

    def accept(self, offer: Offer, client: UUID, now: datetime) -> Answer:
        """Move or book a session as the client who is asked; nothing happens if that fails."""
        if self._is_answered(offer, client, "accepted", now):
            return Answer(200)
        wish, freed = offer.wish, offer.freed
        release = self.release_of(freed)
        is_given = not freed.released or (release is not None and now <= release.until)
        if not is_given or not wish.is_active or wish.has_lapsed(now):
            raise RefusedError("offer-gone")
        giver = freed.session if freed.released else None
        self._check_still_free(offer, giver, now)
        package = self._paying(wish, giver, now)
        offer.keeps = False
        if giver is not None:
            freed.is_over = True
            due = Cost(None, "returned" if giver.paid else None)
            self._ended(giver, "cancelled", "client", due, now)
            giver.undoes = None
        if wish.session is not None:
            self._end_request(wish.session, "moved")
            due = Cost(None, "kept" if wish.session.paid else None)
            if offer.seat_of is not None:
                self._follow(wish.session, offer.seat_of)
            self._moved(wish.session, (offer.starts_at, offer.place), "client", due)
        else:
            self._add(self._draft(offer), package, now, by="client")
        self._end_offer(offer, "accepted", now)
        self.tell(None, "offer.accepted")
        for one in self.wishes:
            if one.client == wish.client and one.is_active:
                self._end_wish(one, "met" if one is wish else "lapsed", now)
        return Answer(200)

    def _paying(self, wish: Wish, giver: Session | None, now: datetime) -> Package | None:
        """Check that a package can pay; the credit of a session that is given up comes back."""
        package = next((p for p in self.packages if p.id == wish.package), None)
        if package is not None:
            comes_back = giver is not None and giver.paid and self.credit_of(giver)[0] is package
            if package.usable(now) + comes_back < 1:
                raise RefusedError("credit-unavailable")
        return package

    def _is_answered(self, offer: Offer, client: UUID, state: str, now: datetime) -> bool:
        """Check that an offer can be answered; True if it was, in the same way."""
        if client != offer.wish.client:
            raise RefusedError("not-found")
        if offer.state == state:
            return True
        if offer.state == "expired" or (offer.state == "open" and now > offer.answer_by):
            raise RefusedError("offer-expired")
        if offer.state != "open":
            raise RefusedError("offer-gone")
        return False

    def _draft(self, offer: Offer) -> Session:
        draft = draft_for(offer.wish, offer.practitioner, self.service, self.rules, offer.starts_at)
        draft.place = offer.place
        if offer.seat_of is not None:
            self._follow(draft, offer.seat_of)
        return draft

    def _check_still_free(self, offer: Offer, giver: Session | None, now: datetime) -> None:
        """Check that an offered time is free; the notice is that of the offer's making."""
        if offer.seat_of is not None:
            self._check_seat_free(offer, offer.seat_of, giver, now)
            return
        others = [one for one in self.busy() if one is not offer and one is not giver]
        start, place, session = offer.starts_at, offer.place, offer.wish.session
        if session is None:
            if not fits(self._draft(offer), start, place, others):
                raise RefusedError("offer-gone")
            return
        looking = Look(session, now, may_move=True, may_change_format=False, keeps_place=False)
        anytime = replace(self.service, notice=0)
        is_on_offer = (
            session.status == "booked"
            and now < session.starts_at
            and start < session.starts_at
            and is_on_step(self.service, session.practitioner, start, place)
            and is_within_reach(anytime, looking, start)
            and fits(session, start, place, others)
            and not is_full(session.practitioner, looking, start, others)
        )
        if not is_on_offer:
            raise RefusedError("offer-gone")

    def _check_seat_free(
        self, offer: Offer, group: Group, giver: Session | None, now: datetime
    ) -> None:
        """Check that an offered seat is free; that of whoever gives it up is."""
        session = offer.wish.session
        others = [one for one in self.holds.seats(group, now, session) if one is not offer]
        left = self.seats_left(group) + (giver is not None) - len(others)
        is_there = (group.starts_at, group.place) == (offer.starts_at, offer.place)
        is_free = group.status == "scheduled" and is_there and left > 0
        if session is None:
            is_free &= group.ends_at > now
        else:
            is_free &= session.status == "booked" and now < session.starts_at
            is_free &= offer.starts_at < session.starts_at
        if not is_free or self.is_elsewhere(session or self._draft(offer), group):
            raise RefusedError("offer-gone")

    def withdraw_offer(self, offer: Offer, now: datetime) -> Answer:
        """Withdraw an open offer as staff."""
        if offer.is_open(now):
            self._end_offer(offer, "withdrawn", now)
            self.tell(offer.wish.client, "offer_gone")
        return Answer(200)

    # Releases.

    def release(self, session: Session, until: datetime | None, seen: int, now: datetime) -> Answer:
        """Offer a session's time as its client, who keeps it until somebody takes it."""
        self._check_version(session, seen)
        judged = verdict(session, "cancel", now)
        if judged.refusal not in {None, "notice-too-short"}:
            raise RefusedError(judged.refusal or "", verdict=judged)
        if self.mode == "off":
            raise RefusedError("waitlist-off")
        latest = session.starts_at - LAST_ASKED
        if not self.can_release(session, judged, now):
            raise RefusedError("release-unavailable")
        if until is not None and not now < until <= latest:
            raise RefusedError("validation-failed")
        end, old = until or latest, self.live_release(session, now)
        if old is None:
            if session in self.releases:
                self._end_unused(session, self.releases[session], now)
            for freed in self.freed:
                if freed.released and freed.session is session and not freed.is_over:
                    self._end_release(freed, now)
            ends_at = session.ends_at
            of = session.practitioner, session, session.starts_at, ends_at
            freed = self._free(*of, now, released=True, group=session.group)
            self.releases[session] = Release(end, freed)
            self.note(session, "released", by="client")
            return Answer(201)
        if end != old.until:
            self._change_end(session, old.freed, end, now)
        return Answer(200)

    def _change_end(self, session: Session, freed: Freed, end: datetime, now: datetime) -> None:
        """Set another end of a release; not before somebody who is asked can have answered."""
        asked = [o.answer_by for o in self.offers if o.freed is freed and o.is_open(now)]
        if end < max(asked, default=end):
            raise RefusedError("validation-failed")
        self.releases[session] = Release(end, freed)
        freed.look_at = now
        self.note(session, "released", by="client")

    def can_release(self, session: Session, judged: Verdict, now: datetime) -> bool:
        """Tell whether cancelling costs something, and the policy has a release."""
        rule = session.rules.get("cancel", {})
        is_named = rule.get("release", rule.get("refilled") is not None)
        is_early = now < session.starts_at - LAST_ASKED
        return costs_something(judged) and is_named and self.mode != "off" and is_early

    def release_of(self, freed: Freed) -> Release | None:
        """Give the release that a freed time is of, unless that has ended."""
        release = None if freed.session is None else self.releases.get(freed.session)
        return release if release is not None and release.freed is freed else None

    def live_release(self, session: Session, now: datetime) -> Release | None:
        release = self.releases.get(session)
        return release if release is not None and now <= release.until else None

    def is_waited_for(self, session: Session) -> bool:
        """Tell whether another client waits for the practitioner, or for anybody's time."""
        return any(
            wish.is_active
            and not wish.paused
            and wish.client != session.client
            and wish.group in {None, session.group}
            and wish.practitioner in {None, session.practitioner}
            for wish in self.wishes
        )

    def take_back_release(self, session: Session, now: datetime) -> None:
        release = self.live_release(session, now)
        if release is not None:
            self._end_release(release.freed, now)
            self.note(session, "release_withdrawn", by="client")

    def _end_unused(self, session: Session, release: Release, now: datetime) -> None:
        """End a release that nobody has used in time."""
        self._end_release(release.freed, now)
        self.note(session, "release_ended")
        if now < session.starts_at:
            self.tell(session.client, "release_ended")

    def _end_release(self, freed: Freed, now: datetime) -> None:
        for offer in self.offers:
            if offer.freed is freed and offer.state == "open":
                self._withdraw(offer, now, tells=True)
        freed.is_over = True
        if freed.session is not None:
            self.releases.pop(freed.session, None)


def costs_something(judged: Verdict) -> bool:
    if judged.refusal is not None:
        return judged.refusal == "notice-too-short"
    return judged.cost is not None and not is_free(judged.cost)
