"""The demo's practices: practitioners, working hours, services, formats, clients."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.demo import MAIN_CLIENT, demo_id
from app.directory.practice.repository import PracticeRepository
from app.schedule.holidays.repository import replace_closed_weekdays
from app.standards.phone_numbers import text_number
from app.tables.practices import (
    BusyInterval,
    Client,
    HoursOverride,
    Location,
    Package,
    Practitioner,
    Service,
    ServiceFormat,
    WorkingHours,
)

# Opening and closing hour by ISO weekday.
Weekly = dict[int, tuple[int, int]]
EVERY_DAY: Weekly = dict.fromkeys(range(1, 8), (8, 20))
WEEKDAYS: Weekly = dict.fromkeys(range(1, 6), (9, 18))

# When the practices were created: before their first past session.
OPENED_AGO = timedelta(days=60)
HARBOR = demo_id("harbor")
PARK = demo_id("park")
LUMIERE = demo_id("lumiere")


@dataclass(frozen=True, slots=True)
class DemoPractitioner:
    """A practitioner and their working hours."""

    name: str
    email: str
    zone: str
    weekly: Weekly
    practice_id: UUID = HARBOR

    @property
    def id(self) -> UUID:
        """Return the practitioner's id, which is the same in every demo."""
        return demo_id(self.email)


MAYA = DemoPractitioner("Dr. Maya Chen", "maya@harbor.example", "America/New_York", EVERY_DAY)
TOM = DemoPractitioner("Tom Okafor", "tom@harbor.example", "America/Denver", EVERY_DAY)
AROHA = DemoPractitioner("Aroha Ngata", "aroha@harbor.example", "Pacific/Auckland", WEEKDAYS)
PRIYA = DemoPractitioner("Priya Raman", "priya@harbor.example", "America/New_York", EVERY_DAY)
LENA = DemoPractitioner("Dr. Lena Vogt", "lena@park.example", "Europe/Berlin", WEEKDAYS, PARK)
CAMILLE = DemoPractitioner(
    "Camille Laurent", "camille@lumiere.example", "Europe/Paris", WEEKDAYS, LUMIERE
)
PRACTITIONERS = (MAYA, TOM, AROHA, PRIYA, LENA, CAMILLE)

FOLLOW_UP = demo_id("follow-up")
MASSAGE = demo_id("massage")
ASSESSMENT = demo_id("assessment")
COACHING = demo_id("coaching")
YOGA = demo_id("yoga")
PHYSIO = demo_id("physio")
REHAB = demo_id("rehab")
HARBOR_STREET = demo_id("harbor-street")
MILL_LANE = demo_id("mill-lane")
AM_PARK = demo_id("am-park")
OSTEOPATHY = demo_id("osteopathy")
RUE_DES_LILAS = demo_id("rue-des-lilas")

CLIENTS = (
    (HARBOR, "Ana Ruiz", MAIN_CLIENT, "America/New_York", "en-US"),
    (HARBOR, "Ben Carter", "ben@example.com", "Europe/Paris", "en-GB"),
    (HARBOR, "Chloe Dubois", "chloe@example.com", "America/Los_Angeles", "fr-FR"),
    (HARBOR, "David Kim", "david@example.com", "Asia/Tokyo", "en-US"),
    (HARBOR, "Emma Novak", "emma@example.com", "America/New_York", "en-US"),
    (HARBOR, "Farid Haddad", "farid@example.com", "America/Chicago", "en-US"),
    (HARBOR, "Grace Liu", "grace@example.com", "America/New_York", "en-US"),
    (HARBOR, "Hugo Almeida", "hugo@example.com", "America/New_York", "es-ES"),
    (HARBOR, "Iris Tan", "iris@example.com", "Australia/Sydney", "en-AU"),
    (PARK, "Johanna Weber", "johanna@example.com", "Europe/Berlin", "de-DE"),
    (PARK, "Karl Schmidt", "karl@example.com", "Europe/London", "de-DE"),
    (LUMIERE, "Julie Moreau", "julie@example.com", "Europe/Paris", "fr-FR"),
    (LUMIERE, "Lucía Torres", "lucia@example.com", "Europe/Madrid", "es-ES"),
)
# Clients who get text messages, in zones where it is never night at the same time for all. Nobody
# has these numbers.
TEXTED = {
    "ben@example.com": "+33 6 39 98 01 42",
    "grace@example.com": "+1 212 555 0143",
    "iris@example.com": "+61 491 570 156",
}
ANA_PACKAGE = demo_id("ana-package")
BEN_PACKAGE = demo_id("ben-package")
# They have a seat of the class, which is paid with their package.
YOGA_CLIENTS = (
    MAIN_CLIENT,
    "ben@example.com",
    "chloe@example.com",
    "emma@example.com",
    "hugo@example.com",
)


def classes_of(email: str) -> UUID:
    """Return the id of a client's package of classes."""
    return demo_id(f"classes-{email}")


_PHONES = {HARBOR: "+1 212 555 0142", PARK: "+49 30 5550142", LUMIERE: "+33 1 55 50 01 42"}
# ISO weekdays on which nobody works at Praxis am Park.
_WEEKEND = (6, 7)


async def write_records(db: AsyncConnection, now: datetime) -> None:
    """Insert all records but policies and sessions, dated `OPENED_AGO` before `now`."""
    await _write_harbor(PracticeRepository(db, HARBOR), now)
    await _write_park(PracticeRepository(db, PARK))
    await _write_lumiere(PracticeRepository(db, LUMIERE))
    await replace_closed_weekdays(db, PARK, _WEEKEND)
    for practice_id, name, email, zone, locale in CLIENTS:
        await PracticeRepository(db, practice_id).add(
            Client,
            id=demo_id(email),
            name=name,
            email=email,
            time_zone=zone,
            locale=locale,
            token_generation=0,
            address_generation=0,
            **_texts_of(email, now),
        )
    await _write_packages(PracticeRepository(db, HARBOR), now)


def _texts_of(email: str, now: datetime) -> dict[str, Any]:
    phone = TEXTED.get(email)
    if phone is None:
        return {}
    number = text_number(phone)
    return {"phone": phone, "texts": "all", "texts_agreed_at": now, "texts_number": number}


async def _write_packages(practice: PracticeRepository, now: datetime) -> None:
    packages = [
        (ANA_PACKAGE, MAIN_CLIENT, FOLLOW_UP, "Six follow-ups", 6, 120),
        (BEN_PACKAGE, "ben@example.com", FOLLOW_UP, "Ten follow-ups", 10, 90),
        *((classes_of(who), who, YOGA, "Ten classes", 10, 180) for who in YOGA_CLIENTS),
    ]
    for package_id, email, service_id, name, count, days in packages:
        await practice.add(
            Package,
            id=package_id,
            client_id=demo_id(email),
            service_id=service_id,
            name=name,
            credits=count,
            expires_at=now + timedelta(days=days),
        )


async def _write_harbor(practice: PracticeRepository, now: datetime) -> None:
    await practice.open_practice(
        name="Harbor Wellness",
        currency="USD",
        email="hello@harbor.example",
        phone="+1 212 555 0100",
    )
    for place, name, address in (
        (HARBOR_STREET, "Harbor Street", "12 Harbor Street, New York, NY 10004"),
        (MILL_LANE, "Mill Lane", "3 Mill Lane, New York, NY 10011"),
    ):
        await practice.add(
            Location, id=place, name=name, address=address, time_zone="America/New_York"
        )
    await _write_practitioner(practice, MAYA, sessions_per_day=8)
    await _write_practitioner(practice, TOM)
    await _write_practitioner(practice, AROHA, sessions_per_week=20)
    await _write_practitioner(practice, PRIYA)
    await _service(practice, FOLLOW_UP, "Follow-up, 50 min", 50, 12000)
    formats: tuple[tuple[str, UUID | None, str | None], ...] = (
        ("in_person", HARBOR_STREET, "Ring the bell at the blue door."),
        ("in_person", MILL_LANE, None),
        ("video", None, "The room opens five minutes before."),
        ("phone", None, "We call you on the number that we have."),
    )
    for kind, location_id, hint in formats:
        await _format(practice, FOLLOW_UP, kind, location_id, hint)
    await _service(practice, MASSAGE, "Massage, 60 min", 60, 9500, notice_hours=49)
    await _format(practice, MASSAGE, "in_person", HARBOR_STREET, None)
    await _service(practice, ASSESSMENT, "Assessment, 80 min", 80, 18000)
    await _format(practice, ASSESSMENT, "in_person", HARBOR_STREET, "Please bring your papers.")
    await _service(practice, COACHING, "Coaching online, 45 min", 45, 8000)
    await _format(practice, COACHING, "video", None, None)
    await _service(practice, YOGA, "Yoga class, 60 min", 60, 2000, notice_hours=2)
    await _format(practice, YOGA, "in_person", HARBOR_STREET, "We have mats for everybody.")
    today = now + OPENED_AGO
    off = today.replace(minute=0, second=0, microsecond=0) + timedelta(days=18)
    await practice.add(
        BusyInterval,
        practitioner_id=MAYA.id,
        kind="time_off",
        starts_at=off,
        ends_at=off + timedelta(days=3),
    )
    await practice.add(
        HoursOverride,
        practitioner_id=TOM.id,
        date=(today + timedelta(days=16)).date(),
    )


async def _write_park(practice: PracticeRepository) -> None:
    await practice.open_practice(
        name="Praxis am Park", currency="EUR", email="praxis@park.example", phone="+49 30 5550100"
    )
    await practice.add(Location, id=AM_PARK, name="Am Park", address="Parkstraße 7, 10115 Berlin")
    await _write_practitioner(practice, LENA)
    await _service(practice, PHYSIO, "Physiotherapie, 30 min", 30, 4500, notice_hours=2)
    await _format(practice, PHYSIO, "in_person", AM_PARK, None)
    await _format(practice, PHYSIO, "video", None, None)
    await _service(practice, REHAB, "Reha-Training, 60 min", 60, 6000)
    await _format(practice, REHAB, "in_person", AM_PARK, None)


async def _write_lumiere(practice: PracticeRepository) -> None:
    await practice.open_practice(
        name="Cabinet Lumière",
        currency="EUR",
        email="bonjour@lumiere.example",
        phone="+33 1 55 50 01 00",
    )
    await practice.add(
        Location,
        id=RUE_DES_LILAS,
        name="Rue des Lilas",
        address="8 rue des Lilas, 75011 Paris",
        time_zone="Europe/Paris",
    )
    await _write_practitioner(practice, CAMILLE)
    await _service(practice, OSTEOPATHY, "Ostéopathie, 45 min", 45, 7000, notice_hours=4)
    await _format(practice, OSTEOPATHY, "in_person", RUE_DES_LILAS, "Code de la porte : 12A34.")
    await _format(practice, OSTEOPATHY, "video", None, None)


async def _write_practitioner(
    practice: PracticeRepository, who: DemoPractitioner, **limits: int
) -> None:
    await practice.add(
        Practitioner,
        id=who.id,
        name=who.name,
        email=who.email,
        phone=_PHONES[who.practice_id],
        time_zone=who.zone,
        video_url=f"https://video.example/{who.email.partition('@')[0]}",
        **limits,
    )
    for weekday, (opens, closes) in who.weekly.items():
        await practice.add(
            WorkingHours,
            practitioner_id=who.id,
            weekday=weekday,
            start_minute=opens * 60,
            end_minute=closes * 60,
        )


async def _service(
    practice: PracticeRepository,
    service_id: UUID,
    name: str,
    minutes: int,
    price: int,
    notice_hours: int = 36,
) -> None:
    rules: dict[str, Any] = {
        "buffer_before_minutes": 0,
        "buffer_after_minutes": 10,
        "step_minutes": 30,
        "minimum_notice_minutes": notice_hours * 60,
        "horizon_days": 60,
        "reminder_minutes": [24 * 60],
        "nudge_hours_before": 24,
    }
    await practice.add(
        Service, id=service_id, name=name, duration_minutes=minutes, price_minor=price, **rules
    )


async def _format(
    practice: PracticeRepository,
    service_id: UUID,
    kind: str,
    location_id: UUID | None,
    instructions: str | None,
) -> None:
    await practice.add(
        ServiceFormat,
        service_id=service_id,
        format=kind,
        location_id=location_id,
        instructions=instructions,
    )
