"""The demo's cancellation policies: of a practice, of a practitioner, and of services."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from app.demo.records import ASSESSMENT, HARBOR, LUMIERE, MASSAGE, PARK, REHAB, TOM, YOGA
from app.directory.practice.repository import PracticeRepository

_HARBOR_POLICY = {
    "cancel": {
        "closes": {"before_minutes": 60},
        "fees": [{"deadline": {"before_minutes": 24 * 60}, "percent": "50"}],
        "refilled": {"covered_percent": 80},
    },
    "reschedule": {"closes": {"before_minutes": 60}, "limit": 3},
    "change_format": {"closes": {"before_minutes": 30}},
}
_TOM_POLICY = {
    "cancel": {
        "fees": [{"deadline": {"days_before": 1, "at": "17:00"}, "amount_minor": 4500}],
        "late_credit": "forfeited",
    },
    "reschedule": {"max_days_from_original": 30, "free_if_within": {"days": 7}},
    "grace_minutes": 120,
}
_YOGA_POLICY = {
    "cancel": {
        "fees": [{"deadline": {"before_minutes": 12 * 60}, "percent": "100"}],
        "late_credit": "forfeited",
    },
    "reschedule": {"closes": {"before_minutes": 60}},
    "allowance": {"free": 1, "per": "calendar_year", "for": ["cancel"]},
}
# Of Praxis am Park, which does not work at weekends.
_PARK_POLICY = {
    "cancel": {
        "closes": {"before_minutes": 60},
        "fees": [{"deadline": {"working_days": 1, "at": "12:00"}, "percent": "50"}],
    },
    "reasons": [
        {"code": "krank", "labels": {"de": "Ich bin krank", "en": "I am ill"}, "fee": "none"},
        {"code": "todesfall", "labels": {"de": "Ein Todesfall", "en": "A death"}, "fee": "ask"},
        {"code": "beruf", "labels": {"de": "Beruf", "en": "Work"}},
    ],
}
_LUMIERE_POLICY = {
    "cancel": {
        "closes": {"before_minutes": 120},
        "fees": [{"deadline": {"before_minutes": 24 * 60}, "amount_minor": 2000}],
    },
}
_ACTIONS = ("cancel", "reschedule", "change_format")
_TWO_DAYS = {action: {"closes": {"before_minutes": 48 * 60}} for action in _ACTIONS}
_NEVER = {action: {"enabled": False} for action in _ACTIONS}


async def write_policies(db: AsyncConnection, now: datetime) -> None:
    """Insert the policies of all practices, dated like their other records."""
    harbor, park, lumiere = (PracticeRepository(db, one) for one in (HARBOR, PARK, LUMIERE))
    await harbor.add_policy_version(
        text="You can cancel free of charge until 24 hours before your session. After that we "
        "charge half of the price, unless somebody else takes your time. You can move a session up "
        "to three times.",
        rules=_HARBOR_POLICY,
        now=now,
    )
    await harbor.add_policy_version(
        text="Please tell me by 5 pm the day before. After that a cancellation costs $45, or the "
        "credit if you pay with a package. For two hours after the booking you can change your "
        "mind free of charge, and a move within a week costs nothing.",
        rules=_TOM_POLICY,
        now=now,
        practitioner_id=TOM.id,
    )
    await harbor.add_policy_version(
        text="Massages cannot be changed online during the last 48 hours. Please call us.",
        rules=_TWO_DAYS,
        now=now,
        service_id=MASSAGE,
    )
    await harbor.add_policy_version(
        text="Please call us to change an assessment.",
        rules=_NEVER,
        now=now,
        service_id=ASSESSMENT,
    )
    await harbor.add_policy_version(
        text="You can cancel a class free of charge until 12 hours before it starts. After that "
        "it costs the full price, or the credit if you pay with a package. Once a year a late "
        "cancellation is free.",
        rules=_YOGA_POLICY,
        now=now,
        service_id=YOGA,
    )
    await _write_european_policies(park, lumiere, now)


async def _write_european_policies(
    park: PracticeRepository, lumiere: PracticeRepository, now: datetime
) -> None:
    await park.add_policy_version(
        text="Bis 12 Uhr am letzten Öffnungstag vor dem Termin können Sie kostenlos absagen oder "
        "verschieben. Danach berechnen wir die Hälfte des Preises, ausser wenn Sie krank sind.",
        rules=_PARK_POLICY,
        now=now,
    )
    await park.add_policy_version(
        text="Reha-Training kann nur telefonisch geändert werden.",
        rules=_NEVER,
        now=now,
        service_id=REHAB,
    )
    await lumiere.add_policy_version(
        text="Vous pouvez annuler ou déplacer votre séance gratuitement jusqu'à 24 heures avant. "
        "Ensuite, nous facturons 20 €.",
        rules=_LUMIERE_POLICY,
        now=now,
    )
