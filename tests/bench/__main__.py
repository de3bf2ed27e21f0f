"""`make bench`: the service's requests per second, compared with floors measured in the same run.

It prints ratios, which are similar on other machines. Requests per second are not.
"""

import argparse
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median

from app.database.embedded import SERVICE, EmbeddedServer
from tests.bench.calculation import month_of_availability
from tests.bench.imports import crowded, imported
from tests.bench.load import Measured
from tests.bench.memory import resident
from tests.bench.past import CHANGES, key_of_staff, repeat_a_cancellation, report, trial
from tests.bench.peers.beside import beside_peer
from tests.bench.pgbench import transactions
from tests.bench.ratios import Compared, compare
from tests.bench.sending import MAILS, sending
from tests.bench.stage import LARGE, Stage, print_all, stage
from tests.bench.subjects import Away, Window
from tests.bench.verdict import Verdict, note_of

READS = 1000
HEAVY_READS = 500
EARLY, LATE = 1_000, 100_000


async def run(staged: Stage, late: int) -> AsyncIterator[Verdict]:
    """Measure everything; yield one line at a time."""
    small, large, floor = staged.small, staged.large, staged.floor
    reads = {
        "session details": (small.details(READS), large.details(READS), 0.50),
        "a month of availability": (
            small.availability(HEAVY_READS),
            large.availability(HEAVY_READS),
            0.45,
        ),
        "a list of 20 sessions": (small.lists(READS), large.lists(READS), 0.45),
    }
    for name, (mine, other, bound) in reads.items():
        found = await compare(mine, floor.rows(2 * READS))
        yield _against(name, "one row, raw", found, bound)
        yield Verdict(name, "p99 against its own p50", found.tail, 6, "", at_most=True)
        yield _size(name, await compare(other, mine))
    held = _after(staged.hold, small.availability(HEAVY_READS))
    unheld = _after(staged.release, small.availability(HEAVY_READS))
    found = await compare(unheld, held)
    yield _times("a month of availability", "itself without 200 holds", found, 1.05)
    await staged.release()
    away = Away()
    moves = small.moves(away)
    again = floor.again(lambda: "away" if away.turn() else "back")
    found = await compare(moves, again)
    yield _against("reschedule", "its statements, raw", found, 0.50)
    yield Verdict("reschedule", "p99 against its own p50", found.tail, 6, "", at_most=True)
    yield _size("reschedule", await compare(large.moves(Away()), moves))
    # Some sessions stay moved after this, so no measurement of moves may follow.
    yield await _limit(staged, "reschedule", found, ["away", "back"])
    cancels = _after(staged.book_again, small.cancels())
    again = _after(staged.book_again, floor.again(lambda: "cancel"))
    found = await compare(cancels, again)
    yield _against("cancel", "its statements, raw", found, 0.50)
    yield Verdict("cancel", "p99 against its own p50", found.tail, 6, "", at_most=True)
    yield await _limit(staged, "cancel", found, ["cancel"])
    yield _size("cancel", await compare(_after(staged.book_again, large.cancels()), cancels))
    milliseconds = month_of_availability()
    yield Verdict(
        "a month, calculated", "milliseconds", milliseconds, 0.3, "without I/O", at_most=True
    )
    yield await _memory(staged, late)
    async for verdict in _past(staged):
        yield verdict
    async for verdict in imported(staged.alone):
        yield verdict
    async for verdict in crowded(staged.alone):
        yield verdict


def _against(name: str, against: str, found: Compared, bound: float) -> Verdict:
    return Verdict(name, against, found.ratio, bound, note_of(found))


async def _limit(staged: Stage, name: str, found: Compared, recorded: Sequence[str]) -> Verdict:
    """Compare with the rate at which the database alone runs the same statements."""
    recordings = [staged.recordings[one] for one in recorded]
    limit = await transactions(staged.url(SERVICE, "small"), staged.folder, recordings)
    reached = median(one.rate for one in found.mine) / limit
    return Verdict(name, "its statements, pgbench", reached, None, "")


def _size(name: str, found: Compared) -> Verdict:
    """Compare the time of a request in the large database with that in the small one."""
    return _times(name, "itself at 1,000 sessions", found, 1.15)


def _times(name: str, against: str, found: Compared, bound: float) -> Verdict:
    """Say how many times as long a request takes: `found` compares the rates."""
    return Verdict(name, against, 1 / found.ratio, bound, note_of(found), at_most=True)


def _after(prepare: Callable[[], Awaitable[None]], window: Window) -> Window:
    """Prepare the database before each window."""

    async def wrapped() -> Measured:
        await prepare()
        return await window()

    return wrapped


async def _memory(staged: Stage, late: int) -> Verdict:
    """Compare the servers' memory after many requests with their memory after few."""
    pids = staged.services["small"].server_pids()
    await staged.small.details(EARLY)()
    before = resident(pids)
    await staged.small.details(late - EARLY)()
    after = resident(pids)
    note = f"after {late:,} requests, {after / 2**20:.0f} MiB"
    return Verdict("memory", f"after {EARLY:,} requests", after / before, 1.05, note, at_most=True)


async def _past(staged: Stage) -> AsyncIterator[Verdict]:
    """Measure one request about many past changes, and the memory that it leaves behind."""
    await repeat_a_cancellation(staged.url("postgres", "small"), staged.url("postgres", "large"))
    key = await key_of_staff(staged.url(SERVICE, "large"))
    service = staged.services["large"]
    port, pids = service.port, service.server_pids()
    about = f"of {CHANGES:,} changes"
    for name, asked, bound in (("a policy tried", trial, 10), ("a report", report, 5)):
        window = asked(port, key)
        before = resident(pids)
        took = [(await window()).seconds[0] for _ in range(3)]
        note = f"{about}; memory {resident(pids) / before:.2f} times as much"
        yield Verdict(name, "seconds", median(took), bound, note, at_most=True)


async def show(
    server: EmbeddedServer, folder: Path, chosen: argparse.Namespace
) -> AsyncIterator[Verdict | str]:
    """Set everything up and measure; yield one line at a time."""
    if chosen.only != "sending":
        async with stage(server, folder, chosen.sessions) as staged:
            # First, because the other measurements leave some sessions moved.
            async for line in beside_peer(staged.alone):
                yield line
            async for line in run(staged, chosen.requests):
                yield line
    if chosen.only != "requests":
        async for line in sending(server, folder, chosen.mails):
            yield line


def main() -> None:
    """Start a database server and run the measurements on it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=["requests", "sending"], help="by default both")
    parser.add_argument("--sessions", type=int, default=LARGE, help="in the large database")
    parser.add_argument("--requests", type=int, default=LATE, help="before memory is looked at")
    parser.add_argument("--mails", type=int, default=MAILS, help="that are due at once")
    chosen = parser.parse_args()
    print_all(partial(show, chosen=chosen))


if __name__ == "__main__":
    main()
