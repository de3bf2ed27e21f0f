"""Compares the service with a peer on the same PostgreSQL, in the same run.

Both serve one provider with 40 bookings in the month, with two processes that keep connections
open, and get the same load. Bookings start at the same times, and both must offer the same slots
before anything is measured.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from httpx import AsyncClient

from tests.bench.peers.peer import HOUR, NotInstalledError, Peer, install, peer
from tests.bench.processor import Counted, postmaster
from tests.bench.ratios import compare, repeated
from tests.bench.stage import SmallStage
from tests.bench.subjects import Away, Booked, Subject, Window, booked_sessions, token_for
from tests.bench.verdict import Verdict, note_of

READS = 1000
PAGES = 200
DAYS_ASKED = 200
MONTHS = 5
FEW = 4
SPREAD = 200  # sessions of 25 providers, eight of each
MONTH = timedelta(days=30)
FRIDAY = 5
AT_LEAST = 10
ZONE = ZoneInfo("America/New_York")
NAME = "django-appointment"


@dataclass(frozen=True, slots=True)
class Pair:
    """Ours and theirs. `roots` are the processes whose time counts: the server's, PostgreSQL."""

    mine: Subject
    mine_everywhere: Subject
    theirs: Peer
    mine_roots: list[int]
    their_roots: list[int]

    async def compare(
        self, name: str, mine: tuple[Window, int], theirs: tuple[Window, int]
    ) -> Verdict:
        """Compare windows, each with the number of things that it asks for."""
        counted = Counted(mine[0], self.mine_roots, mine[1])
        other = Counted(theirs[0], self.their_roots, theirs[1])
        found = await compare(counted, other)
        rates = [median(one.rate for one in windows) for windows in (found.mine, found.other)]
        note = (
            f"{rates[0]:.0f} against {rates[1]:.1f} a second, processor time"
            f" {counted.milliseconds:.2f} against {other.milliseconds:.2f} ms {note_of(found)}"
        )
        return Verdict(name, NAME, found.ratio, AT_LEAST, note)


async def beside_peer(stage: SmallStage) -> AsyncIterator[Verdict | str]:
    """Install the peer, serve it, and compare; say why if it cannot be installed."""
    try:
        python = await install(stage.folder / "peer")
    except NotInstalledError as error:
        yield f"{NAME}: left out, because pip could not install it ({error})"
        return
    url, service = stage.admin_url, stage.service
    booked = await booked_sessions(url)
    own = [one for one in booked if one.practitioner_id == booked[0].practitioner_id]
    starts = [_local(one) for one in own]
    async with peer(stage.server, python, starts) as theirs:
        await _check_slots(theirs, service.port, own)
        parent = await postmaster(url)
        pair = Pair(
            mine=Subject(service.port, own),
            mine_everywhere=Subject(service.port, booked[:SPREAD]),
            theirs=theirs,
            mine_roots=[*service.server_pids(), parent],
            their_roots=[theirs.pid, parent],
        )
        async for verdict in _reads(pair, starts):
            yield verdict
        async for verdict in _moves(pair, starts):
            yield verdict
        # Ours were moved an even number of times.
        assert await booked_sessions(url) == booked


async def _reads(pair: Pair, starts: Sequence[datetime]) -> AsyncIterator[Verdict]:
    mine, theirs = pair.mine, pair.theirs
    days = sorted({start.date() for start in starts})
    asked = [_range(_next(start.date(), days)) for start in starts]
    yield await pair.compare(
        "a day of availability",
        (mine.availability(READS, asked), READS),
        (theirs.day(DAYS_ASKED, days), DAYS_ASKED),
    )
    last = days[0] + MONTH
    working = _working_days(days[0], last)
    yield await pair.compare(
        "a month of availability",
        (mine.availability(READS, [_range(days[0], last)]), READS),
        (theirs.month(MONTHS, working), MONTHS),
    )
    details = mine.details(READS), READS
    yield await pair.compare("a booking, for its client", details, (theirs.pages(PAGES), PAGES))
    yield await pair.compare(
        "a booking, theirs for staff", details, (theirs.pages_for_staff(PAGES), PAGES)
    )


async def _moves(pair: Pair, starts: Sequence[datetime]) -> AsyncIterator[Verdict]:
    theirs, count, away = pair.theirs, len(starts), Away()
    # Theirs locks no provider, so its rate does not depend on their number.
    everywhere = repeated(pair.mine_everywhere.moves(Away()), 2), 2 * SPREAD
    yield await pair.compare("a move, of 25 providers", everywhere, (theirs.moves(away), count))
    # Ours are made one after the other. Few wait for their turn, so that none waits too long.
    yield await pair.compare(
        f"a move, of one provider, {FEW} at a time",
        (repeated(pair.mine.moves(Away(), FEW), 4), 4 * count),
        (theirs.moves(away, FEW), count),
    )
    assert await theirs.starts() == {start + HOUR * away.now for start in starts}
    yield await pair.compare(
        "a move, theirs by staff, unchecked",
        everywhere,
        (repeated(theirs.moves_by_staff(away), 2), 2 * count),
    )
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
