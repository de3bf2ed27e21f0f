"""A small practice for the tests, and a caller of the API over HTTP."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response
from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.audit.write import OPERATOR
from app.configuration.settings import Settings
from app.database.transactions import transact
from app.directory.practice.repository import PracticeRepository
from app.domain.session import Format
from app.identity.api_keys.keys import Scope, create_key
from app.identity.tokens.access import AccessTokens, Caller
from app.identity.tokens.link import Link, LinkTokens
from app.sessions.commands.book import book
from app.sessions.commands.booking import Booking
from app.tables.pictures import Picture
from app.tables.practices import (
    Client,
    Location,
    Package,
    Practitioner,
    Service,
    ServiceFormat,
    WorkingHours,
)
from app.tables.sessions import Session
from app.tables.taken_times import TakenTime
from app.web.body_limit import FORM_TYPE
from tests.application import application
from tests.described import is_as_described

# A Monday, 10:00 in New York; clocks there went back on 1 November.
NOW = datetime(2026, 11, 30, 15, 0, tzinfo=UTC)
REASON = {"code": "work", "note": "A meeting was put on this hour."}


class TestClock:
    """A clock that stands still until a test sets it."""

    __test__ = False

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@dataclass
class World:
    """A practice in New York with one practitioner, one service in three formats, one client."""

    engine: AsyncEngine
    settings: Settings
    practice_id: UUID = field(default_factory=uuid4)
    practitioner_id: UUID = field(default_factory=uuid4)
    service_id: UUID = field(default_factory=uuid4)
    location_id: UUID = field(default_factory=uuid4)
    client_id: UUID = field(default_factory=uuid4)
    _building: AsyncConnection | None = field(default=None, init=False)

    async def add(self, table: Any, **values: Any) -> UUID:
        """Insert one record of the practice."""
        if self._building is not None:
            return await PracticeRepository(self._building, self.practice_id).add(table, **values)
        return await transact(
            self.engine, lambda db: PracticeRepository(db, self.practice_id).add(table, **values)
        )

    async def _add_all(self, table: Any, records: Sequence[dict[str, Any]]) -> None:
        """Insert several records of one table in one round trip."""
        rows = [{"practice_id": self.practice_id, "id": uuid4()} | record for record in records]
        if self._building is not None:
            await self._building.execute(insert(table), rows)
            return
        async with self.engine.begin() as db:
            await db.execute(insert(table), rows)

    async def build(self, *, currency: str = "USD", **service: Any) -> "World":
        """Insert the practice in one transaction. Hours are 9 to 17 on weekdays, in New York."""
        async with self.engine.begin() as self._building:
            await PracticeRepository(self._building, self.practice_id).open_practice(
                name="Harbor Wellness", currency=currency, email="hello@harbor.example"
            )
            await self.add_practitioner(id=self.practitioner_id)
            await self.add(
                Location, id=self.location_id, name="Harbor Street", address="1 Harbor Street"
            )
            await self.add_service(id=self.service_id, **service)
            await self.add_client(id=self.client_id)
        self._building = None
        return self

    async def add_practitioner(self, *, hours: bool = True, **values: Any) -> UUID:
        record = {
            "name": "Dr. Maya Chen",
            "email": "maya@harbor.example",
            "phone": "+1 212 555 0100",
            "time_zone": "America/New_York",
            "video_url": "https://video.example/maya",
        }
        practitioner_id = await self.add(Practitioner, **(record | values))
        if hours:
            day = {
                "practitioner_id": practitioner_id,
                "start_minute": 9 * 60,
                "end_minute": 17 * 60,
            }
            await self._add_all(WorkingHours, [{"weekday": n} | day for n in range(1, 6)])
        return practitioner_id

    async def add_hours(
        self, practitioner_id: UUID, weekday: int, start: int, end: int, **values: Any
    ) -> UUID:
        return await self.add(
            WorkingHours,
            practitioner_id=practitioner_id,
            weekday=weekday,
            start_minute=start,
            end_minute=end,
            **values,
        )

    async def add_service(self, *, formats: tuple[str, ...] = (), **values: Any) -> UUID:
        record = {
            "name": "Follow-up",
            "duration_minutes": 50,
            "buffer_before_minutes": 0,
            "buffer_after_minutes": 10,
            "price_minor": 12000,
            "step_minutes": 30,
            "minimum_notice_minutes": 60,
            "horizon_days": 60,
            "reminder_minutes": [1440],
        }
        service_id = await self.add(Service, **(record | values))
        offered = [
            {
                "service_id": service_id,
                "format": kind,
                "location_id": self.location_id if kind == "in_person" else None,
                "instructions": "We call you." if kind == "phone" else None,
            }
            for kind in formats or ("in_person", "video", "phone")
        ]
        await self._add_all(ServiceFormat, offered)
        return service_id

    async def add_client(self, **values: Any) -> UUID:
        record = {
            "name": "Ana Ruiz",
            "email": "ana@client.example",
            "phone": None,
            "time_zone": "America/New_York",
            "locale": "en-US",
            "token_generation": 0,
            "address_generation": 0,
        }
        return await self.add(Client, **(record | values))

    async def add_package(self, **values: Any) -> UUID:
        record = {
            "client_id": self.client_id,
            "service_id": self.service_id,
            "name": "Six follow-ups",
            "credits": 6,
        }
        return await self.add(Package, **(record | values))

    async def add_policy(self, rules: dict[str, Any], **values: Any) -> UUID:
        record: dict[str, Any] = {"text": "Please tell us a day ahead.", "now": NOW}
        return await transact(
            self.engine,
            lambda db: PracticeRepository(db, self.practice_id).add_policy_version(
                rules=rules, **(record | values)
            ),
        )

    async def book(self, start: datetime, *, now: datetime = NOW, **values: Any) -> UUID:
        """Book a session, by default a video session of the world's client."""
        record: dict[str, Any] = {
            "client_id": self.client_id,
            "practitioner_id": self.practitioner_id,
            "service_id": self.service_id,
            "start": start,
            "format": Format.VIDEO,
        }
        booking = Booking(**(record | values))
        booked = await transact(
            self.engine,
            lambda db: book(db, self.practice_id, booking, actor=OPERATOR, force=True, now=now),
        )
        return booked.session_id

    async def book_in_full(self, start: datetime) -> UUID:
        """Book a session with every optional part: a policy with fees, a package, a location."""
        await self.add_policy(
            {
                "cancel": {
                    "closes": {"before_minutes": 120},
                    "fees": [{"deadline": {"before_minutes": 1440}, "percent": "37.5"}],
                }
            }
        )
        package_id = await self.add_package()
        return await self.book(
            start, format=Format.IN_PERSON, location_id=self.location_id, package_id=package_id
        )

    async def rows(self, table: Any, **equal: Any) -> list[Row[Any]]:
        """Read rows of the practice, to check what HTTP does not show."""
        wanted = select(table.__table__).where(table.practice_id == self.practice_id)
        for name, value in equal.items():
            wanted = wanted.where(getattr(table, name) == value)
        async with self.engine.connect() as db:
            return list((await db.execute(wanted)).all())

    async def change(self, table: Any, record_id: UUID, **values: Any) -> None:
        """Change one record of the practice, as staff would."""
        async with self.engine.begin() as db:
            await db.execute(
                update(table)
                .where(table.practice_id == self.practice_id, table.id == record_id)
                .values(**values)
            )

    async def end(self, session_id: UUID, status: str) -> None:
        """Set a final status without a command. Only a fulfilled session takes time."""
        if status == "fulfilled":
            await self.change(Session, session_id, status=status)
            return
        await self.change(Session, session_id, status=status, taken_until=None)
        async with self.engine.begin() as db:
            await db.execute(
                delete(TakenTime).where(
                    TakenTime.practice_id == self.practice_id, TakenTime.id == session_id
                )
            )

    async def change_all(self, table: Any, **values: Any) -> None:
        """Change every record of the practice in a table."""
        async with self.engine.begin() as db:
            await db.execute(
                update(table).where(table.practice_id == self.practice_id).values(**values)
            )

    async def key(self, scope: Scope = Scope.ADMIN, name: str = "Front desk") -> str:
        """Create an API key of the practice."""
        _, text = await transact(
            self.engine,
            lambda db: create_key(db, self.practice_id, name, scope, actor=OPERATOR, now=NOW),
        )
        return text

    async def add_location(self) -> UUID:
        """Insert a second location."""
        return await self.add(Location, name="Mill Lane", address="2 Mill Lane")

    async def add_picture(self, name: str, *, small: bytes) -> None:
        """Insert a picture. Its content does not matter."""
        values = {"practice_id": self.practice_id, "name": name, "content": small, "small": small}
        async with self.engine.begin() as db:
            await db.execute(insert(Picture).values(**values))

    async def change_practitioner(self, **values: Any) -> None:
        """Change the practitioner, as staff would."""
        await self.change(Practitioner, self.practitioner_id, **values)

    def link_token(self, session_id: UUID) -> str:
        """Sign the token of a link in an email."""
        return LinkTokens(self.settings.keys).sign(Link(self.practice_id, session_id, 0, 0))

    def token(self, client_id: UUID | None = None, *, until: datetime | None = None) -> str:
        """Sign an access token for a client."""
        caller = Caller(self.practice_id, client_id or self.client_id, 0)
        expires_at = until or NOW + timedelta(days=3650)
        return AccessTokens(self.settings.keys).sign(caller, expires_at)


def media_type_of(body: bytes) -> str:
    """Tell a picture, lines of JSON and a form from one another."""
    if body.startswith(b"\x89PNG"):
        return "image/png"
    return "application/x-ndjson" if body.startswith(b"{") else FORM_TYPE


class Api:
    """Calls the application over HTTP, with the clock that the test sets."""

    def __init__(self, http: AsyncClient, clock: TestClock) -> None:
        self.http = http
        self.clock = clock
        self.token: str | None = None

    def signed_in(self, token: str | None) -> "Api":
        """Return an API caller with another token."""
        other = Api(self.http, self.clock)
        other.token = token
        return other

    def _headers(self, headers: dict[str, str] | None) -> dict[str, str]:
        own = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        return own | (headers or {})

    async def _send(
        self, method: str, path: str, body: Any, headers: dict[str, str] | None
    ) -> Response:
        """Send JSON; bytes are a picture, lines of JSON or a form."""
        if not isinstance(body, bytes):
            return await self.http.request(method, path, json=body, headers=self._headers(headers))
        kind = {"Content-Type": media_type_of(body)} | (headers or {})
        return await self.http.request(method, path, content=body, headers=self._headers(kind))

    async def get(self, path: str, headers: dict[str, str] | None = None, **query: Any) -> Response:
        return await self.http.get(path, params=query or None, headers=self._headers(headers))

    async def post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> Response:
        return await self._send("POST", path, body, headers)

    async def put(self, path: str, body: Any, headers: dict[str, str] | None = None) -> Response:
        return await self._send("PUT", path, body, headers)

    async def patch(self, path: str, body: Any, headers: dict[str, str] | None = None) -> Response:
        return await self.http.patch(path, json=body, headers=self._headers(headers))

    async def delete(self, path: str, headers: dict[str, str] | None = None) -> Response:
        return await self.http.delete(path, headers=self._headers(headers))

    async def open_link(self, token: str) -> Response:
        return await self.post("/v1/links/open", {"token": token})

    async def session(self, session_id: UUID, **query: Any) -> Any:
        answer = await self.get(f"/v1/sessions/{session_id}", **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def availability(self, session_id: UUID, **query: Any) -> Any:
        answer = await self.get(f"/v1/sessions/{session_id}/availability", **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def cancel(
        self, session_id: UUID, headers: dict[str, str] | None = None, **body: Any
    ) -> Response:
        body = {"reason": REASON} | body
        return await self.post(f"/v1/sessions/{session_id}/cancel", body, headers)

    async def reschedule(
        self, session_id: UUID, start: Any, headers: dict[str, str] | None = None, **body: Any
    ) -> Response:
        start = start.isoformat() if isinstance(start, datetime) else start
        body = {"reason": REASON, "format": "video", "start": start} | body
        return await self.post(f"/v1/sessions/{session_id}/reschedule", body, headers)

    async def reschedule_by_staff(self, session_id: Any, start: datetime, **body: Any) -> Response:
        """Move a session for the practice, with its API key and without a fee."""
        body = {
            "start": start.isoformat(),
            "format": "video",
            "charge_fee": False,
            "reason": {"note": "Dr. Chen is ill."},
        } | body
        return await self.post(f"/v1/practice/sessions/{session_id}/reschedule", body)


@asynccontextmanager
async def serve(
    settings: Settings, clock: TestClock, engine: AsyncEngine | None = None
) -> AsyncIterator[Api]:
    """Run the application in this process, without its worker.

    With `engine` it uses that engine's connections and leaves them open at the end.
    """
    with application(settings, clock) as app:
        if engine is None:
            async with app.router.lifespan_context(app), _spoken_to(app, clock) as api:
                yield api
        else:
            app.state.engine = app.state.read_engine = engine
            async with _spoken_to(app, clock) as api:
                yield api


@asynccontextmanager
async def _spoken_to(app: FastAPI, clock: TestClock) -> AsyncIterator[Api]:
    async with AsyncClient(
        transport=ASGITransport(app, raise_app_exceptions=False),
        base_url="https://reslot.example",
        event_hooks={"response": [_as_described]},
    ) as http:
        yield Api(http, clock)


async def _as_described(answer: Response) -> None:
    await answer.aread()
    is_as_described(answer)


def decisions(session: Any) -> dict[str, Any]:
    """Give the decisions of a session's details, by action of the policy."""
    others = {"undo", "confirm", "wish"}
    return {name: shown for name, shown in session["actions"].items() if name not in others}


def slots(availability: Any) -> list[str]:
    """List the starts in an availability response."""
    return [slot["start"] for day in availability["days"] for slot in day["slots"]]
