"""The practice of the drills: few practitioners with many clients."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import SecretStr

from app.audit.write import OPERATOR
from app.clock import system_clock
from app.configuration.settings import Settings
from app.database.embedded import SERVICE
from app.database.engine import brief_engine
from app.database.transactions import transact
from app.identity.api_keys.keys import Scope, create_key
from app.tables.webhooks import WebhookEndpoint
from tests.drills.cluster import Cluster
from tests.fixtures.database import KEY
from tests.world import World

WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw9Q0aN7Vt2xE="
NOWHERE = "http://127.0.0.1:9/"
ALL_DAY = 24 * 60
CREDITS = 4
FREE_CHANGES = 2
# Cancellations and moves close to the start have a cost; a quarter of the load is close.
RULES = {
    "cancel": {
        "fees": [{"deadline": {"before_minutes": 4 * ALL_DAY}, "percent": "37.5"}],
        "late_credit": "forfeited",
        "release": True,
    },
    "reschedule": {"fees": [{"deadline": {"before_minutes": 3 * ALL_DAY}, "amount_minor": 500}]},
    "allowance": {"free": FREE_CHANGES, "per": {"days": 366}, "for": ["cancel", "reschedule"]},
    "reasons": [
        {"code": "work", "labels": {"en": "Work"}},
        {"code": "ill", "labels": {"en": "I am ill"}, "fee": "none"},
    ],
}
# Most commands cost what they usually do.
CODES = ["work"] * 4 + ["ill"]

# A late session is nudged two hours before cancelling stops being free, which may be one mail with
# the reminder at that time.
SERVICE_VALUES: dict[str, Any] = {
    "step_minutes": 30,
    "reminder_minutes": [4 * ALL_DAY, ALL_DAY],
    "nudge_hours_before": 2,
}


@dataclass(frozen=True, slots=True)
class Person:
    """A client, their access token, and the package that can pay for them."""

    id: UUID
    token: str
    package_id: UUID


@dataclass(frozen=True, slots=True)
class Scene:
    """The data that the load needs. Idempotency keys of staff are in `staff_scope`."""

    opened_at: datetime
    practice_id: UUID
    service_id: UUID
    practitioners: list[UUID]
    people: list[Person]
    staff_token: str
    staff_scope: str

    @property
    def credits_of(self) -> dict[UUID, int]:
        """Return the initial credits of each package."""
        return {person.package_id: CREDITS for person in self.people}


async def build_scene(
    settings: Settings, now: datetime, *, people: int, practitioners: int, hooks: str = NOWHERE
) -> Scene:
    """Insert a practice with a policy, packages and a webhook endpoint, open all day."""
    async with brief_engine(settings.service_url) as engine:
        world = await World(engine, settings).build(**SERVICE_VALUES)
        await world.add_policy(RULES, now=now)
        await world.add(WebhookEndpoint, url=hooks, events=[], secret=WEBHOOK_SECRET)
        staff = [await world.add_practitioner(hours=False) for _ in range(practitioners)]
        for practitioner_id in staff:
            for weekday in range(1, 8):
                await world.add_hours(practitioner_id, weekday, 0, ALL_DAY)
        clients = [await _add_person(world, number, now) for number in range(people)]
        key, text = await transact(
            engine,
            lambda db: create_key(
                db, world.practice_id, "Front desk", Scope.WRITE, actor=OPERATOR, now=now
            ),
        )
    return Scene(now, world.practice_id, world.service_id, staff, clients, text, f"key:{key.id}")


async def build_on(
    cluster: Cluster, *, people: int, practitioners: int, hooks: str = NOWHERE
) -> Scene:
    """Insert the practice into a drill's database as of now: the service uses the real clock."""
    settings = Settings(
        _env_file=None,
        database_url=SecretStr(cluster.url(SERVICE)),
        secret_keys=(SecretStr(KEY),),
    )
    return await build_scene(
        settings, system_clock(), people=people, practitioners=practitioners, hooks=hooks
    )


async def _add_person(world: World, number: int, now: datetime) -> Person:
    name = f"client-{number}"
    client_id = await world.add_client(name=name, email=f"{name}@client.example")
    package_id = await world.add_package(client_id=client_id, credits=CREDITS)
    return Person(client_id, world.token(client_id, until=now + timedelta(days=1)), package_id)
