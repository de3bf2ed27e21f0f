"""Compares the service with a peer on the same PostgreSQL, in the same run.

Both serve one provider with 40 bookings in the month, with two processes that keep connections
open, and get the same load. Bookings start at the same times, and both must offer the same slots
before anything is measured.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

from httpx import AsyncClient

from app.database.embedded import EmbeddedServer
from tests.bench.peers.peer import HOUR, NotInstalledError, Peer, install, peer
from tests.bench.ratios import Compared, compare, repeated
from tests.bench.subjects import Away, Booked, Subject, booked_sessions, token_for
from tests.bench.verdict import Verdict, note_of

READS = 1000
PAGES = 200
DAYS_ASKED = 200
MONTHS = 5
MOVES = 10  # all sessions away or back, so many times
MONTH = timedelta(days=30)
FRIDAY = 5
AT_LEAST = 10
ZONE = ZoneInfo("America/New_York")
NAME = "django-appointment"


async def beside_peer(
    server: EmbeddedServer, database: str, port: int, folder: Path
) -> AsyncIterator[Verdict | str]:
    """Install the peer, serve it, and compare; say why if it cannot be installed.

    `database` and `port` are those of our service.
    """
    try:
        python = await install(folder / "peer")
    except NotInstalledError as error:
        yield f"{NAME}: left out, because pip could not install it ({error})"
        return
    sessions = await _of_one_provider(server.url("postgres", database))
    starts = [_local(one) for one in sessions]
    async with peer(server, python, starts) as theirs:
        await _check_slots(theirs, port, sessions)
        mine = Subject(port, sessions)
        async for verdict in _reads(theirs, mine, starts):
            yield verdict
        async for verdict in _moves(theirs, mine, starts):
            yield verdict
        # An even number of moves: ours are back.
        assert await _of_one_provider(server.url("postgres", database)) == sessions


async def _reads(theirs: Peer, mine: Subject, starts: Sequence[datetime]) -> AsyncIterator[Verdict]:
    days = sorted({start.date() for start in starts})
    asked = [_range(_next(start.date(), days)) for start in starts]
    found = await compare(mine.availability(READS, asked), theirs.day(DAYS_ASKED, days))
    yield _verdict("a day of availability", found)
    last = days[0] + MONTH
    asked = [_range(days[0], last)]
    working = _working_days(days[0], last)
    found = await compare(mine.availability(READS, asked), theirs.month(MONTHS, working))
    yield _verdict("a month of availability", found)
    details = mine.details(READS)
    yield _verdict("a booking, for its client", await compare(details, theirs.pages(PAGES)))
    yield _verdict("a booking, for staff", await compare(details, theirs.pages_for_staff(PAGES)))


async def _moves(theirs: Peer, mine: Subject, starts: Sequence[datetime]) -> AsyncIterator[Verdict]:
    moves = repeated(mine.moves(Away()), MOVES)
    away = Away()
    found = await compare(moves, theirs.moves(away))
    yield _verdict("a move, by the client", found)
    assert await theirs.starts() == {start + HOUR * away.now for start in starts}
    found = await compare(moves, repeated(theirs.moves_by_staff(away), 2))
    yield _verdict("a move, theirs unchecked by staff", found)
    assert await theirs.starts() == {start + HOUR * away.now for start in starts}


async def _check_slots(theirs: Peer, port: int, sessions: Sequence[Booked]) -> None:
    """Compare the slots of the month, except on the session's own day: it never blocks a slot."""
    one = sessions[0]
    own = _local(one).date()
    days = _working_days(own + timedelta(days=1), own + MONTH)
    async with AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        answer = await http.get(
            f"/v1/sessions/{one.session_id}/availability{_range(days[0], days[-1])}",
            headers={"Authorization": f"Bearer {token_for(one.client_id)}"},
        )
    found = {
        datetime.fromisoformat(slot["start"]).astimezone(ZONE).replace(tzinfo=None)
        for day in answer.raise_for_status().json()["days"]
        for slot in day["slots"]
    }
    assert found == await theirs.slots(days)


async def _of_one_provider(url: str) -> list[Booked]:
    found = await booked_sessions(url)
    return [one for one in found if one.practitioner_id == found[0].practitioner_id]


def _verdict(name: str, found: Compared) -> Verdict:
    """Compare the rates, and name both: these are what others publish."""
    mine, theirs = (median(one.rate for one in windows) for windows in (found.mine, found.other))
    note = f"{mine:.0f} against {theirs:.1f} a second {note_of(found)}"
    return Verdict(name, NAME, found.ratio, AT_LEAST, note)


def _local(one: Booked) -> datetime:
    return one.base.astimezone(ZONE).replace(tzinfo=None)


def _next(day: date, days: Sequence[date]) -> date:
    """Return another day than a session's own."""
    return days[(days.index(day) + 1) % len(days)]


def _range(first: date, last: date | None = None) -> str:
    return f"?from={first}&to={last or first}&time_zone={ZONE.key}"


def _working_days(first: date, last: date) -> list[date]:
    """List the days for which the peer's page offers a request: it disables the others."""
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return [day for day in days if day.isoweekday() <= FRIDAY]
