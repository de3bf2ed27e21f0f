"""The worker's part of the model of those who wait: who is asked, when, and what ends."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from tests.drills.model import STILL_WAITING
from tests.drills.model_seats import SeatsBook
from tests.drills.model_slots import Look, is_within_reach
from tests.drills.model_things import DAY, MINUTE, Group, Place
from tests.drills.model_wishes import (
    LAST_ASKED,
    Freed,
    Offer,
    Wish,
    draft_for,
    find_suitable,
    last_answer,
)

MOST_IN_TURN = 5
LOOK_AGAIN = 10 * MINUTE
FAR = 8 * DAY  # A hold so far from a time cannot be in its way, not even by a weekly limit.


class Suiting(NamedTuple):
    """A wish that a freed time suits, and the earliest start that does."""

    wish: Wish
    start: datetime
    places: list[Place]


class Choice(NamedTuple):
    """The offers to make now, and when to look again; None: never, the time is open to all."""

    made: list[Offer]
    look_at: datetime | None


@dataclass(eq=False)
class AskingBook(SeatsBook):
    """A book that does what the worker does."""

    def work(self, now: datetime) -> list[Freed]:
        """Do what is due; give the freed times in the order in which they are looked at."""
        self._find_freed(now)
        for wish in self.wishes:
            if wish.is_active and wish.has_lapsed(now - STILL_WAITING):
                self._end_wish(wish, "lapsed", now, tells=True)
        self._end_what_is_over(now)
        order = sorted(
            (one for one in self.freed if not one.is_over and one.look_at <= now),
            key=lambda one: (one.look_at, one.number),
        )
        for freed in order:
            self._offer(freed, now)
        return order

    def _end_what_is_over(self, now: datetime) -> None:
        """End offers and releases whose time has passed, then the offers of times that are gone."""
        for offer in self.offers:
            if offer.state == "open" and now - STILL_WAITING > offer.answer_by:
                self._expire(offer, now)
        for session, release in list(self.releases.items()):
            if now - STILL_WAITING > release.until:
                self._end_unused(session, release, now)
        for offer in self.offers:
            if offer.is_open(now) and self._is_gone(offer):
                self._end_offer(offer, "withdrawn", now)
                offer.gone = True
                self.tell(offer.wish.client, "offer_gone")

    def _find_freed(self, now: datetime) -> None:
        """Take up what was freed since the first of those who wait began to."""
        waiting = [wish.made_at for wish in self.wishes if wish.is_active]
        if waiting:
            found = [one for one in self.found if one.at >= min(waiting) and one.last > now]
            self.freed += found
            self.found.clear()

    def _is_gone(self, offer: Offer) -> bool:
        """Tell whether an offered time was taken, is no longer given up, or its client cannot come.

        They cannot if they have another session then, or the practice has moved theirs before it.
        """
        freed, own = offer.freed, offer.wish.session
        if own is not None and own.starts_at <= offer.starts_at:
            return True
        if any(
            one.client == offer.wish.client
            and one is not own
            and one.starts_at < offer.ends_at
            and offer.starts_at < one.takes_until
            for one in self.sessions
        ):
            return True
        giver = freed.session if freed.released else None
        if giver is not None and self.release_of(freed) is None:
            return True
        if freed.group is not None:
            taken = [seat for seat in self.seats_taken(freed.group) if seat is not giver]
            there = freed.group.starts_at, freed.group.place
            is_on = there == (offer.starts_at, offer.place) and freed.group.status == "scheduled"
            return not is_on or len(taken) >= freed.group.seats
        return any(
            offer.is_in_the_way_of(taker)
            for taker in self.takers
            if taker is not offer.wish.session and taker is not giver
        ) or any(
            start < offer.ends_at and offer.starts_at < end for start, end in offer.practitioner.off
        )

    def _offer(self, freed: Freed, now: datetime) -> None:
        """Ask the next client for a freed time, or all of them."""
        asked = [o for o in self.offers if o.freed is freed and o.state == "open" and o.in_turn]
        if asked:
            freed.look_at = asked[0].answer_by + STILL_WAITING
            return
        made, look_at = self._released(freed, now) if freed.released else self._freed(freed, now)
        for offer in made:
            self.offers.append(offer)
            offer.wish.state = "offered"
            self.tell(offer.wish.client, "offer", "offer.made")
            freed.first_asked = freed.first_asked or now
        freed.is_over = look_at is None
        freed.look_at = look_at or now

    def _freed(self, freed: Freed, now: datetime) -> Choice:
        """Choose whom to ask for a time that is free."""
        if freed.last - now < LAST_ASKED:
            return Choice([], None)
        awake, morning = self._suiting(freed, now)
        if self.mode == "all_at_once":
            asked = [self._made(one, freed, now, None) for one in awake]
            made = [offer for offer in asked if offer is not None]
            still_open = [o for o in self.offers if o.freed is freed and o.state == "open"]
            last = max((offer.answer_by for offer in made + still_open), default=None)
            return Choice(made, first_of(morning, last, self._held_until(freed, now)))
        if not awake:
            return Choice([], first_of(morning, self._held_until(freed, now)))
        refused = [
            o for o in self.offers if o.freed is freed and o.state in {"declined", "expired"}
        ]
        if len(refused) >= MOST_IN_TURN:
            return Choice([], None)
        first = freed.first_asked or now
        offer = self._made(awake[0], freed, now, first + (awake[0].start - first) / 2)
        return Choice([], None) if offer is None else Choice([offer], offer.answer_by)

    def _released(self, freed: Freed, now: datetime) -> Choice:
        """Choose whom to ask for a time that its session still takes."""
        release = self.release_of(freed)
        if release is None:
            return Choice([], None)
        if now > release.until:
            return Choice([], release.until + STILL_WAITING)
        awake, morning = self._suiting(freed, now)
        later = first_of(morning, release.until, now + LOOK_AGAIN)
        if self.mode == "in_turn":
            offer = self._made(awake[0], freed, now, release.until) if awake else None
            return Choice([], later) if offer is None else Choice([offer], offer.answer_by)
        made = [self._made(one, freed, now, release.until) for one in awake]
        return Choice([offer for offer in made if offer is not None], later)

    def _suiting(self, freed: Freed, now: datetime) -> tuple[list[Suiting], datetime | None]:
        """List who may be asked now, in order, and when the first of the others may be."""
        giver = freed.session if freed.released else None
        others = [one for one in self.busy() if one is not giver]
        awake, mornings = list[Suiting](), list[datetime]()
        for wish in sorted(self.wishes, key=lambda one: (not one.urgent, one.made_at)):
            if not self._waits_for(wish, freed, now):
                continue
            if freed.group is None:
                found = find_suitable(wish, freed, self.service, self.places, others, now)
            else:
                found = self._find_seat(wish, freed, freed.group, now)
            if found is None or found[0] in self._gone_starts(wish, freed):
                continue
            late = self._late_offer(wish, now)
            free_at = now if late is None else max(now, late.answer_by + STILL_WAITING)
            asked_at = wish.awake_at(free_at)
            if late is None and asked_at == now:
                awake.append(Suiting(wish, *found))
            elif (found[0] if freed.group else freed.ends_at) - asked_at >= LAST_ASKED:
                mornings.append(asked_at)
        return awake, min(mornings, default=None)

    def _waits_for(self, wish: Wish, freed: Freed, now: datetime) -> bool:
        was_asked = any(o.wish is wish and o.freed is freed and not o.gone for o in self.offers)
        is_there = wish.practitioner in {None, freed.practitioner}
        is_seat = wish.session is not None and wish.session.group is not None
        if freed.group is None:
            is_there &= wish.group is None and not is_seat
        elif wish.session is not None:
            is_there &= is_seat
        else:
            is_there &= wish.group in {None, freed.group}
        gave_up = wish.session is not None and wish.session is freed.session
        if freed.released and freed.session is not None:
            gave_up |= wish.client == freed.session.client
        is_free = wish.state == "waiting" or self._late_offer(wish, now) is not None
        waits = is_free and not wish.paused and not wish.has_lapsed(now)
        return waits and is_there and not was_asked and not gave_up and self.mode != "off"

    def _find_seat(
        self, wish: Wish, freed: Freed, group: Group, now: datetime
    ) -> tuple[datetime, list[Place]] | None:
        """Give the time of a group if a seat of it is free and suits."""
        start, session = group.starts_at, wish.session
        seat = session or draft_for(wish, group.practitioner, self.service, {}, now - 400 * DAY)
        looking = Look(seat, now, may_move=True, may_change_format=False, keeps_place=False)
        is_place = session is None or group.place == session.place
        if wish.times.formats:
            is_place = group.place[0] in wish.times.formats
        suits = (
            is_place
            and group.status == "scheduled"
            and group is not seat.group
            and start - now >= LAST_ASKED
            and wish.names(start, now)
            and is_within_reach(self.service, looking, start)
            and max(self.seats_open(group, None), 0) + freed.released > 0
            and not self.is_elsewhere(seat, group)
        )
        return (start, [group.place]) if suits else None

    def _late_offer(self, wish: Wish, now: datetime) -> Offer | None:
        """Give the offer that has expired, and is not recorded yet; None: there is none."""
        late = (
            o for o in self.offers if o.wish is wish and o.state == "open" and not o.is_open(now)
        )
        return next(late, None)

    def _gone_starts(self, wish: Wish, freed: Freed) -> list[datetime]:
        return [o.starts_at for o in self.offers if o.wish is wish and o.freed is freed and o.gone]

    def _held_until(self, freed: Freed, now: datetime) -> datetime | None:
        """Give when the first hold ends that may be in the way; None: there is no such hold."""
        if freed.group is not None:
            return first_of(*(hold.until for hold in self.holds.seats(freed.group, now)))
        return first_of(
            *(
                hold.until
                for hold in self.holds.times(now)
                if hold.practitioner is freed.practitioner
                and hold.starts_at < freed.ends_at + FAR
                and freed.starts_at - FAR < hold.ends_at
            )
        )

    def _made(
        self, one: Suiting, freed: Freed, now: datetime, ends_at: datetime | None
    ) -> Offer | None:
        """Make an offer; None: it would be too short."""
        answer_by = last_answer(one.start, now, self.minutes, ends_at)
        if answer_by is None:
            return None
        session, service = one.wish.session, self.service
        duration = session.duration if session else service.duration
        return Offer(
            one.wish,
            freed,
            one.start,
            one.places,
            duration=freed.group.duration if freed.group else duration,
            before=session.before if session else service.before,
            gap_after=session.after if session else service.after,
            price=None if session else service.price,
            made_at=now,
            answer_by=answer_by,
            in_turn=self.mode == "in_turn",
            keeps=self.mode == "in_turn" and not freed.released,
        )


def first_of(*instants: datetime | None) -> datetime | None:
    return min((one for one in instants if one is not None), default=None)
