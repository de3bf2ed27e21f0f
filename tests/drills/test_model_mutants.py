"""Drill 13, the other way round: a service that differs from the contract is found."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import null

from app.configuration.settings import Settings
from app.sessions.read.records import SessionHold
from tests.drills.test_model import NewPractice, play_minutes
from tests.drills.test_model import new_practice as new_practice  # noqa: PLC0414 - a fixture
from tests.world import Api, TestClock, serve

STORIES = 4  # the most that are played for one mutant


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
        "app.sessions.commands.overlap_repository.held_until",
        lambda *_: null(),
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


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[Api]:
    """Serve all practices by the mutant."""
    async with serve(settings, TestClock()) as api:
        api.http.event_hooks = {}
        yield api


@pytest.mark.drill
@pytest.mark.parametrize(
    ("where", "instead"), [mutant[1:] for mutant in MUTANTS], ids=[name for name, *_ in MUTANTS]
)
async def test_a_wrong_service_is_found(
    new_practice: NewPractice, api: Api, monkeypatch: pytest.MonkeyPatch, where: str, instead: Any
) -> None:
    monkeypatch.setattr(where, instead)
    for seed in range(STORIES):
        try:
            await play_minutes(new_practice(), api, seed)
        except Exception:  # noqa: BLE001 - any difference, also in the server
            return
    pytest.fail("no story has noticed it")
