"""A made-up practice beside a day when clocks change, in the database and in the model's book."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from app.tables.practices import HoursOverride, ServiceFormat
from app.tables.practices import Service as ServiceTable
from tests.drills.model_records import Package
from tests.drills.model_series import SeriesBook
from tests.drills.model_things import DAY, MINUTE, Place, Practitioner, Rules, Service
from tests.world import World

# The practitioners' zone, the clients', and a day when the clocks of the first change.
STAGES = [
    (("America/New_York",), ("Europe/Berlin", "America/New_York"), date(2026, 11, 1)),
    (("America/New_York", "Europe/Paris"), ("America/Los_Angeles",), date(2027, 3, 14)),
    (("Europe/Berlin",), ("Europe/Berlin", "America/New_York"), date(2026, 10, 25)),
    (("Europe/London", "America/New_York"), ("Asia/Kolkata",), date(2027, 3, 28)),
    (("Australia/Lord_Howe",), ("Europe/London",), date(2027, 4, 4)),
]
# Minutes of a day. Some lie across midnight, and across the hour that is skipped or repeated.
PATTERNS = [
    [(9 * 60, 12 * 60), (13 * 60, 17 * 60)],
    [(0, 5 * 60), (22 * 60, 24 * 60)],
    [(60, 150), (180, 300), (9 * 60 + 10, 14 * 60)],
    [(0, 12 * 60)],
    [],
]
CLOCKS = ["01:30", "02:30", "09:00", "17:00", "23:59"]


class Cast(NamedTuple):
    """Who is in a story. `zones` are the clients'; None: those of the stage.

    `per_day` and `per_week`: what the limits of the practitioners' sessions are chosen from.
    """

    clients: int = 2
    zones: tuple[str, ...] | None = None
    per_day: tuple[int | None, ...] = (None, None, 2)
    per_week: tuple[int | None, ...] = (None, None, 3)
    book: type[SeriesBook] = SeriesBook


PAIR = Cast()


@dataclass
class Stage:
    """Where a story is played. `zones` are the clients'."""

    world: World
    book: SeriesBook
    practitioners: list[Practitioner]
    clients: list[UUID]
    holidays: set[date]
    change_of_clocks: datetime
    now: datetime
    zones: dict[UUID, ZoneInfo]


async def set_stage(
    world: World, rng: Random, number: int, patterns: list[Any] = PATTERNS, cast: Cast = PAIR
) -> Stage:
    """Write a practice with two practitioners, clients, four places to meet and packages.

    `patterns` are those that the working hours are chosen from.
    """
    zones, client_zones, day = STAGES[number % len(STAGES)]
    service = new_service(rng)
    await world.build(**columns(service))
    second = await world.add_location()
    await world.add(
        ServiceFormat, service_id=world.service_id, format="in_person", location_id=second
    )
    places: list[Place] = [
        ("in_person", world.location_id),
        ("in_person", second),
        ("video", None),
        ("phone", None),
    ]
    holidays: set[date] = set()
    practitioners = [
        await _practitioner(
            world, rng, ZoneInfo(zones[-1 if k else 0]), day, places, holidays, patterns, cast
        )
        for k in range(2)
    ]
    clients = {}
    for k in range(cast.clients):
        zone = rng.choice(cast.zones or client_zones)
        clients[await world.add_client(name=f"Client {k}", time_zone=zone)] = ZoneInfo(zone)
    change = datetime.combine(day, time(), tzinfo=ZoneInfo(zones[0])).astimezone(UTC)
    now = change - rng.randrange(1, 5) * DAY + rng.randrange(24 * 60) * MINUTE
    book = cast.book(service, places)
    for client in clients:
        expires_at = rng.choice([None, now + 3 * DAY, now + 20 * DAY])
        size = rng.randrange(1, 4)
        package = await world.add_package(client_id=client, credits=size, expires_at=expires_at)
        book.packages.append(Package(package, client, size, expires_at))
    return Stage(world, book, practitioners, list(clients), holidays, change, now, clients)


def new_service(rng: Random) -> Service:
    return Service(
        duration=rng.choice([25, 50, 60]),
        before=rng.choice([0, 0, 10]),
        after=rng.choice([0, 10, 15]),
        step=rng.choice([15, 20, 30, 45]),
        notice=rng.choice([0, 60, 180, 1440]),
        horizon=rng.choice([5, 8, 11]),
        price=rng.choice([12000, 9999, 7501, 4]),
    )


def columns(service: Service) -> dict[str, Any]:
    """Give a service's columns."""
    return {
        "duration_minutes": service.duration,
        "buffer_before_minutes": service.before,
        "buffer_after_minutes": service.after,
        "step_minutes": service.step,
        "minimum_notice_minutes": service.notice,
        "horizon_days": service.horizon,
        "price_minor": service.price,
    }


async def change_service(world: World, service: Service) -> None:
    await world.change(ServiceTable, world.service_id, **columns(service))


def new_rules(rng: Random) -> Rules:
    """Make up a policy: what stands open is left out."""
    cancel = {**_action(rng), "late_credit": rng.choice(["returned", "forfeited"])}
    move = {**_action(rng), **_some(rng, "limit", [0, 1, 2])}
    move |= _some(rng, "max_days_from_original", [0, 2, 6])
    for name in ("fees", "closes"):
        # What is left out is that of `cancel`; null is none at all.
        if rng.random() < 0.5:
            move.pop(name, None)
        elif rng.random() < 0.2:
            move[name] = None
    rules: Rules = {"cancel": cancel, "reschedule": move, "change_format": _action(rng)}
    if rng.random() < 0.3:
        # What is left out is "until_start".
        rules["free_after_practice_move"] = rng.choice([None, "until_start"])
    if rng.random() < 0.3:
        rules["grace_minutes"] = rng.choice([30, 60, 24 * 60, 7 * 24 * 60])
    if rng.random() < 0.5:
        # What is left out is "stands".
        fee = rng.choice([{}, {"fee": "stands"}, {"fee": "credited"}, {"fee": "credited"}])
        rules["rebook"] = {"days": rng.choice([1, 2, 30])} | fee
    if rng.random() < 0.2:
        # All clients give the reason "work"; what is left out is "usual".
        work = {"code": "work", "labels": {"en": "Work"}}
        rules["reasons"] = [work | rng.choice([{}, {"fee": "none"}, {"fee": "none"}])]
    return rules


def _action(rng: Random) -> Rules:
    rule: Rules = {"fees": [_tier(rng) for _ in range(rng.randrange(4))]}
    if rng.random() < 0.4:
        rule["closes"] = _deadline(rng)
    if rng.random() < 0.1:
        rule["enabled"] = False
    return rule


def _some(rng: Random, name: str, values: list[int]) -> Rules:
    return {name: rng.choice(values)} if rng.random() < 0.4 else {}


def _tier(rng: Random) -> Rules:
    if rng.random() < 0.5:
        fee: Rules = {"percent": rng.choice(["0", "12.5", "37.5", "50", "100"])}
    else:
        fee = {"amount_minor": rng.choice([0, 1, 4500, 20000])}
    return {"deadline": _deadline(rng)} | fee


def _deadline(rng: Random) -> Rules:
    if rng.random() < 0.5:
        return {"before_minutes": rng.choice([0, 30, 120, 1440, 2880])}
    return {"days_before": rng.randrange(3), "at": rng.choice(CLOCKS)}


async def _practitioner(
    world: World,
    rng: Random,
    zone: ZoneInfo,
    day: date,
    places: list[Place],
    holidays: set[date],
    patterns: list[Any],
    cast: Cast,
) -> Practitioner:
    per_day, per_week = rng.choice(cast.per_day), rng.choice(cast.per_week)
    practitioner_id = await world.add_practitioner(
        hours=False, time_zone=zone.key, sessions_per_day=per_day, sessions_per_week=per_week
    )
    around = (day - 7 * DAY, day + 45 * DAY)
    made = Practitioner(practitioner_id, zone, {}, {}, around, holidays, per_day, per_week)
    for weekday in range(1, 8):
        made.weekly[weekday] = _hours(rng, places, patterns)
        for start, end, kind, location in made.weekly[weekday]:
            limits = {"format": kind, "location_id": location}
            await world.add_hours(practitioner_id, weekday, start, end, **limits)
    for offset in (0, rng.randrange(1, 5)):
        if rng.random() < 0.5:
            await _override(world, rng, made, day + timedelta(days=offset), places, patterns)
    return made


async def _override(
    world: World,
    rng: Random,
    made: Practitioner,
    day: date,
    places: list[Place],
    patterns: list[Any],
) -> None:
    made.overrides[day] = _hours(rng, places, patterns)
    closed: Any = (None, None, None, None)
    for start, end, kind, location in [*made.overrides[day]] or [closed]:
        await world.add(
            HoursOverride,
            practitioner_id=made.id,
            date=day,
            start_minute=start,
            end_minute=end,
            format=kind,
            location_id=location,
        )


def _hours(
    rng: Random, places: list[Place], patterns: list[Any]
) -> list[tuple[int, int, str | None, UUID | None]]:
    hours: list[tuple[int, int, str | None, UUID | None]] = []
    for start, end in rng.choice(patterns):
        kind, location = rng.choice([(None, None), (None, None), rng.choice(places)])
        hours.append((start, end, kind, location))
    return hours
