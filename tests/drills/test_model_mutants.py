"""Drill 13, the other way round: a service that differs from the contract is found."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import false, null

from app.configuration.settings import Settings
from app.domain.refill import find_cover
from app.sessions.commands.ending import write_end
from app.sessions.commands.overlap_repository import Overlap
from app.sessions.read.records import SessionHold
from app.tables.joins import NO_ID
from app.tables.state_at import state_at
from app.tables.waitlist import Wish
from app.waitlist.commands.collect import _of_session
from app.waitlist.matching_queries import _candidates
from tests.drills.story_seats import SeatsStory
from tests.drills.test_model import NewPractice, play_minutes, play_waiting
from tests.drills.test_model import new_practice as new_practice  # noqa: PLC0414 - a fixture
from tests.world import Api, TestClock, World, serve

Play = Callable[[World, Api, int], Awaitable[object]]
STORIES = 8  # the most that are played for one mutant


async def does_nothing(*_: Any, **__: Any) -> None:
    """Stand in for a part of a command that is left out."""


def nothing(*_: Any, **__: Any) -> None:
    """Stand in for a part of a rule that is left out."""


def last_hold(record: Any, _: Any) -> SessionHold | None:
    """Give the hold of a session, also one that has expired."""
    hold: SessionHold | None = record.hold
    return hold


# What is wrong, where, and what is there instead.
MUTANTS: list[tuple[str, str, Any]] = [
    ("a hold lasts a minute longer", "app.domain.holds.LASTS", timedelta(minutes=6)),
    ("a hold is renewed without end", "app.domain.holds.LASTS_IN_ALL", timedelta(days=1)),
    ("a hold never expires for its holder", "app.sessions.read.calendar.live_hold", last_hold),
    ("a client has four live holds", "app.domain.holds.MOST_OF_CLIENT", 4),
    ("a session has 21 new holds an hour", "app.domain.holds.MOST_NEW", 21),
    ("a hold stays", "app.calendar.held_times.HoldRepository.end", does_nothing),
    (
        "staff see no holds",
        "app.sessions.commands.overlap_repository.Overlap",
        lambda is_taken, **_: Overlap(is_taken, None),
    ),
    ("notice ends a hold", "app.domain.availability._add_own_hold", nothing),
    ("a seat too many is held", "app.sessions.commands.book_seat.end_holds_beyond", does_nothing),
    (
        "a change can be taken back too long",
        "app.sessions.commands.undo.may_undo",
        lambda until, _: until is not None,
    ),
    (
        "what is undone stays owed as a move",
        "app.sessions.commands.undo.HistoryRepository.void_fee",
        does_nothing,
    ),
    (
        "a credit does not pay again",
        "app.sessions.commands.undo.CreditRepository.restore",
        does_nothing,
    ),
]


async def is_marked(*_: Any, **__: Any) -> bool:
    """Say that a fee was not announced yet, whether or not it was."""
    return True


def same_client(freed: Any, *others: Any) -> Any:
    """Look for who fills a freed time again as if its client were another one."""
    return find_cover(freed._replace(client_id=NO_ID), *others)


def oldest_first(*args: Any) -> Any:
    """Select the wishes that wait, urgent or not, in the order in which they were made."""
    return _candidates(*args).order_by(None).order_by(Wish.made_at)


async def end_with_undo(*args: Any, **values: Any) -> Any:
    """End a session so that its client can take it back."""
    return await write_end(*args, **values, undo_window=timedelta(minutes=5))


# The same for those who wait.
WAITING_MUTANTS: list[tuple[str, str, Any]] = [
    ("six clients are asked in turn", "app.waitlist.commands.offers.MOST_IN_TURN", 6),
    ("a wish is paused too late", "app.sessions.commands.wish_repository.MOST_UNANSWERED", 4),
    ("an offer is longer", "app.domain.waitlist.SHORTEST_OFFER", timedelta(minutes=20)),
    (
        "clients are asked an hour before the start",
        "app.waitlist.matching.LAST_ASKED",
        timedelta(hours=1),
    ),
    (
        "clients are asked at night",
        "app.waitlist.commands.offers.after_night",
        lambda instant, _: instant,
    ),
    (
        "a time is never open to all",
        "app.waitlist.commands.offers.offers_end_at",
        lambda start, _: start,
    ),
    ("a yes is never too late", "app.waitlist.commands.answer._check_open", nothing),
    ("an offer holds nothing", "app.waitlist.repository.hold_for_offers", does_nothing),
    ("a time that is gone stays offered", "app.waitlist.tasks.withdraw_gone_offer", does_nothing),
    ("urgent wishes wait", "app.waitlist.matching_queries._candidates", oldest_first),
    ("a time is offered before the undo ends", "app.waitlist.commands.collect.BY_CLIENT", ()),
    (
        "staff's undo waits for an answer",
        "app.sessions.commands.undo.end_offer_holds_at",
        does_nothing,
    ),
    (
        "a release that is taken back stays offered",
        "app.waitlist.commands.release.withdraw_offers",
        does_nothing,
    ),
    ("a taken release can be undone", "app.waitlist.commands.release.write_end", end_with_undo),
    ("a release does not end", "app.waitlist.tasks.end_release", does_nothing),
    ("a client fills their own time again", "app.fees.refilling.find_cover", same_client),
    (
        "a session covers two cancellations",
        "app.fees.refilling.find_cover",
        lambda freed, _, standing, __: find_cover(freed, [], standing, []),
    ),
    (
        "a late worker judges as of now",
        "app.fees.refill_queries.state_at",
        lambda practice_id, _: state_at(practice_id, datetime.max.replace(tzinfo=UTC)),
    ),
    (
        "a carried cost is forgiven",
        "app.sessions.commands.ending.share_to_refill",
        lambda policy, _, cost: None if cost.is_free else policy.cancel.refilled,
    ),
    (
        "an undone cancellation is judged",
        "app.sessions.commands.undo.HistoryRepository.void_refill",
        does_nothing,
    ),
    ("a fee is announced again", "app.fees.announcing.mark_announced", is_marked),
    (
        "a move leaves the wish",
        "app.sessions.commands.write_move.end_wish_of_session",
        does_nothing,
    ),
    ("an end leaves the wish", "app.sessions.commands.ending.end_wish_of_session", does_nothing),
]


def of_single_session(change: Any) -> Any:
    """Give the time that a session has given up, unless it was a seat."""
    return [] if change.is_seat else _of_session(change)


# The same for those who wait for seats.
SEATS_MUTANTS: list[tuple[str, str, Any]] = [
    ("a seat is not offered", "app.waitlist.commands.collect._of_session", of_single_session),
    ("new seats are not offered", "app.waitlist.commands.collect._of_group", lambda _: []),
    (
        "a seat of a group that has moved is filled again",
        "app.fees.refill_queries._is_lost",
        lambda _: false(),
    ),
    (
        "seats that were added later count for a refill",
        "app.fees.refill_queries._seats_then",
        lambda _: null(),
    ),
]


async def play_seats(world: World, api: Api, seed: int) -> object:
    """Play a story of clients who wait for seats."""
    return await play_waiting(world, api, seed, SeatsStory)


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[Api]:
    """Serve all practices by the mutant."""
    async with serve(settings, TestClock()) as api:
        api.http.event_hooks = {}
        yield api


@pytest.mark.drill
@pytest.mark.parametrize(
    ("play", "where", "instead"),
    [
        pytest.param(play, where, instead, id=name)
        for play, mutants in (
            (play_minutes, MUTANTS),
            (play_waiting, WAITING_MUTANTS),
            (play_seats, SEATS_MUTANTS),
        )
        for name, where, instead in mutants
    ],
)
async def test_a_wrong_service_is_found(
    new_practice: NewPractice,
    api: Api,
    monkeypatch: pytest.MonkeyPatch,
    play: Play,
    where: str,
    instead: Any,
) -> None:
    monkeypatch.setattr(where, instead)
    for seed in range(STORIES):
        try:
            await play(new_practice(), api, seed)
        except Exception:  # noqa: BLE001 - any difference, also in the server
            return
    pytest.fail("no story has noticed it")
