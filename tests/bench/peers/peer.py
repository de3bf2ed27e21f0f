"""django-appointment in a virtual environment of its own, served by gunicorn on our PostgreSQL."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import asyncpg
from httpx import AsyncClient, TransportError

from app.database.embedded import OWNER, EmbeddedServer, ensure_database
from tests.bench.floor import WORKERS
from tests.bench.load import CONNECTIONS, Expected, Measured, load, request
from tests.bench.subjects import Away, Window
from tests.patience import until
from tests.ports import free_port

DATABASE = "bench_peer"
START_SECONDS = 60
LENGTH = timedelta(minutes=50)
HOUR = timedelta(hours=1)
# Threads, because gunicorn's other workers close the connection after each response.
THREADS = CONNECTIONS // WORKERS

_HERE = Path(__file__).parent
_SITE = _HERE / "site"
# Any value of the right length: the form sends what the cookie has.
_TOKEN = "a" * 32
_FORM = "application/x-www-form-urlencoded"
_PENDING = """
SELECT id_request FROM appointment_appointmentreschedulehistory
 WHERE reschedule_status = 'pending' ORDER BY id
"""
# Its links of confirmation are looked up without an index.
_FORGET = "TRUNCATE appointment_appointmentreschedulehistory"


class NotInstalledError(Exception):
    """pip could not install the peer; the message is pip's last line."""


@dataclass(frozen=True, slots=True)
class Appointment:
    """A booking of the peer: its ids, its client's cookie, and its start in local time."""

    id: int
    ref: str
    cookie: str
    start: datetime


@dataclass(frozen=True, slots=True)
class Peer:
    """What can be asked of the running peer. `pid` is the parent of its processes."""

    port: int
    pid: int
    database_url: str
    service: int
    staff: int
    staff_cookie: str
    appointments: Sequence[Appointment]

    def day(self, count: int, days: Sequence[date]) -> Window:
        """Ask for the slots of single days, in turn."""
        asked = [self._slots(days[number % len(days)]) for number in range(count)]

        async def window() -> Measured:
            return await load(self.port, asked, expected=Expected(part=b'"success": true'))

        return window

    def month(self, count: int, days: Sequence[date]) -> Window:
        """Ask for the slots of all these days: there is no request for several days.

        The rate is that of months.
        """
        by_day = self.day(count * len(days), days)

        async def window() -> Measured:
            found = await by_day()
            return Measured(found.rate / len(days), found.seconds)

        return window

    def pages(self, count: int) -> Window:
        """Show the bookings in turn, each to its client: the page after the booking."""
        path = "/appointment/thank-you/{}/"
        asked = [self._page(path.format(one.id), one.cookie) for one in self._turns(count)]

        async def window() -> Measured:
            return await load(self.port, asked, expected=Expected(part=b"Follow-up"))

        return window

    def pages_for_staff(self, count: int) -> Window:
        """Show the bookings in turn to the provider."""
        path = "/appointment/app-admin/display-appointment/{}/"
        asked = [self._page(path.format(one.id), self.staff_cookie) for one in self._turns(count)]

        async def window() -> Measured:
            return await load(self.port, asked, expected=Expected(part=b"Follow-up"))

        return window

    def moves(self, away: Away, connections: int = CONNECTIONS) -> Window:
        """Move every booking an hour away, or back: send the form, then open the mailed link.

        The rate is that of moves. Reading the links from the database is not measured.
        """

        async def window() -> Measured:
            db = await asyncpg.connect(self.database_url)
            await db.execute(_FORGET)
            distance = HOUR * away.turn()
            forms = [self._form(one, one.start + distance) for one in self.appointments]
            sent = await load(
                self.port, forms, connections, expected=Expected(part=b"rescheduled successfully")
            )
            links = [row[0] for row in await db.fetch(_PENDING)]
            await db.close()
            assert len(links) == len(forms)
            path = "/appointment/confirm-reschedule/{}/"
            opened = await load(
                self.port,
                [self._page(path.format(link), "none") for link in links],
                connections,
                expected=Expected(status=302),
            )
            both = len(forms) / sent.rate + len(links) / opened.rate
            return Measured(len(forms) / both, sorted(sent.seconds + opened.seconds))

        return window

    def moves_by_staff(self, away: Away) -> Window:
        """Move every booking as staff drag it in their calendar: nothing is checked or mailed."""

        async def window() -> Measured:
            distance = HOUR * away.turn()
            asked = [self._drag(one, one.start + distance) for one in self.appointments]
            return await load(self.port, asked, expected=Expected(part=b'"success": true'))

        return window

    async def slots(self, days: Sequence[date]) -> set[datetime]:
        """Ask for the slots of these days, and return their local starts."""
        async with AsyncClient(base_url=f"http://127.0.0.1:{self.port}") as http:
            found: set[datetime] = set()
            for day in days:
                answer = await http.get(self._slots_path(day), headers=_headers(ajax=True))
                starts = answer.raise_for_status().json()["available_slots"]
                found |= {datetime.fromisoformat(start) for start, _ in starts}
        return found

    async def starts(self) -> set[datetime]:
        """Read the local starts of the bookings from the database."""
        db = await asyncpg.connect(self.database_url)
        rows = await db.fetch("SELECT date + start_time FROM appointment_appointmentrequest")
        await db.close()
        return {row[0] for row in rows}

    def _turns(self, count: int) -> list[Appointment]:
        return [self.appointments[number % len(self.appointments)] for number in range(count)]

    def _slots(self, day: date) -> bytes:
        return request("GET", self._slots_path(day), _headers(ajax=True))

    def _slots_path(self, day: date) -> str:
        asked = {
            "selected_date": day.isoformat(),
            "staff_member": self.staff,
            "service_id": self.service,
        }
        return f"/appointment/ajax/available_slots/?{urlencode(asked)}"

    def _page(self, path: str, cookie: str) -> bytes:
        return request("GET", path, _headers(cookie))

    def _form(self, one: Appointment, start: datetime) -> bytes:
        body = urlencode(
            {
                "csrfmiddlewaretoken": _TOKEN,
                "appointment_request_id": one.ref,
                "date": start.date().isoformat(),
                "start_time": start.time().isoformat(),
                "end_time": (start + LENGTH).time().isoformat(),
                "service": self.service,
                "staff_member": self.staff,
                "reason_for_rescheduling": "A meeting was put on this hour.",
            }
        )
        headers = _headers(one.cookie) | {"Content-Type": _FORM}
        return request("POST", "/appointment/appointment-reschedule-submit/", headers, body)

    def _drag(self, one: Appointment, start: datetime) -> bytes:
        body = json.dumps(
            {
                "appointment_id": one.id,
                "date": start.date().isoformat(),
                "start_time": start.strftime("%H:%M:%S.000Z"),
            }
        )
        headers = _headers(self.staff_cookie, ajax=True) | {
            "Content-Type": "application/json",
            "X-CSRFToken": _TOKEN,
        }
        return request("POST", "/appointment/ajax/update_appt_date_time/", headers, body)


def _headers(cookie: str = "none", *, ajax: bool = False) -> dict[str, str]:
    headers = {"Cookie": f"sessionid={cookie}; csrftoken={_TOKEN}"}
    return headers | ({"X-Requested-With": "XMLHttpRequest"} if ajax else {})


async def install(folder: Path) -> Path:
    """Install the peer into a virtual environment in this folder; return its Python.

    Raises:
        NotInstalledError: pip could not, for example because there is no network.
    """
    python = folder / "bin" / "python"
    await _run([sys.executable, "-m", "venv", str(folder)], {})
    pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1"]
    try:
        await _run([str(python), *pip, "-r", str(_HERE / "requirements.txt")], {})
    except RuntimeError as error:
        raise NotInstalledError(str(error).strip().rpartition("\n")[2]) from error
    return python


@asynccontextmanager
async def peer(
    server: EmbeddedServer, python: Path, starts: Sequence[datetime]
) -> AsyncIterator[Peer]:
    """Fill a database with one provider and bookings at these local starts, and serve it."""
    await ensure_database(server, DATABASE)
    environment = {
        "DJANGO_SETTINGS_MODULE": "settings",
        "PEER_HOST": str(server.socket_folder),
        "PEER_DATABASE": DATABASE,
        "PEER_USER": OWNER,
    }
    migrate = [str(python), "-m", "django", "migrate", "-v0"]
    await _run(migrate, environment)
    # The peer's own tables: it has no migrations, and refers to the tables of those that have.
    await _run([*migrate, "--run-syncdb"], environment)
    told = await _run(
        [str(python), "seed.py"], environment, json.dumps([one.isoformat() for one in starts])
    )
    made: dict[str, Any] = json.loads(told.splitlines()[-1])
    url = server.url("postgres", DATABASE)
    db = await asyncpg.connect(url)
    await db.execute("VACUUM ANALYZE")
    await db.close()
    async with _served(python, environment) as (port, pid):
        yield Peer(
            port=port,
            pid=pid,
            database_url=url,
            service=made["service"],
            staff=made["staff"],
            staff_cookie=made["staff_cookie"],
            appointments=[
                Appointment(one["id"], one["ref"], made["client_cookies"][one["client"]], start)
                for one, start in zip(made["appointments"], starts, strict=True)
            ],
        )


@asynccontextmanager
async def _served(python: Path, environment: Mapping[str, str]) -> AsyncIterator[tuple[int, int]]:
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *(str(python), "-m", "gunicorn", "django.core.wsgi:get_wsgi_application()"),
        *("--bind", f"127.0.0.1:{port}", "--workers", str(WORKERS)),
        *("--worker-class", "gthread", "--threads", str(THREADS), "--keep-alive", "75"),
        cwd=_SITE,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )

    async def answers() -> bool:
        assert process.returncode is None, "gunicorn has ended"
        with suppress(TransportError):
            async with AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
                return (await http.get("/", headers=_headers())).status_code == 404
        return False

    try:
        await until(answers, START_SECONDS)
        yield port, process.pid
    finally:
        process.terminate()
        await process.wait()


async def _run(command: Sequence[str], environment: Mapping[str, str], given: str = "") -> str:
    """Run a program in the folder of the site, and return what it prints."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=_SITE,
        env={**os.environ, **environment},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    printed, errors = await process.communicate(given.encode())
    if process.returncode:
        raise RuntimeError(errors.decode())
    return printed.decode()
