"""What an operator does from the command line: opening practices and giving them keys."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID, uuid4

from babel.numbers import list_currencies
from email_validator import EmailNotValidError, validate_email
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth.keys import KeyRecord, Scope, create_key, list_keys, revoke_key
from app.changes.trail import OPERATOR, write_change
from app.database.engine import brief_engine
from app.database.transactions import transact
from app.domain.errors import NotFoundError
from app.practices.models import Practice
from app.practices.repository import PracticeRepository
from app.settings import Settings, SettingsError


@dataclass(frozen=True, slots=True)
class NewPractice:
    """What a practice is called, and how its clients reach it."""

    name: str
    currency: str
    email: str
    phone: str | None


async def create_practice(settings: Settings, practice: NewPractice, now: datetime) -> UUID:
    """Open a practice, and give its id.

    Raises:
        SettingsError: it has no name, or an address or a currency that there is not.
    """
    _check(practice)
    practice_id = uuid4()

    async def command(db: AsyncConnection) -> None:
        await PracticeRepository(db, practice_id).open_practice(
            name=practice.name,
            currency=practice.currency,
            email=practice.email,
            phone=practice.phone,
        )
        await write_change(
            db,
            practice_id,
            OPERATOR,
            now,
            subject="practice",
            subject_id=practice_id,
            kind="created",
        )

    async with brief_engine(settings.service_url) as engine:
        await transact(engine, command)
    return practice_id


async def list_practices(settings: Settings) -> list[tuple[UUID, str]]:
    """List the practices of this installation by name."""
    async with brief_engine(settings.service_url) as engine, engine.connect() as db:
        found = await db.execute(
            select(Practice.practice_id, Practice.name).order_by(Practice.name)
        )
        return [(row.practice_id, row.name) for row in found]


async def give_key(
    settings: Settings, practice: str, name: str, scope: Scope, now: datetime
) -> str:
    """Make an API key for a practice, and give its text, which is never to be had again.

    Raises:
        NotFoundError: there is no such practice.
        SettingsError: several practices have that name.
    """
    async with brief_engine(settings.service_url) as engine:
        practice_id = await _find(engine.connect(), practice)
        command = partial(
            create_key, practice_id=practice_id, name=name, scope=scope, actor=OPERATOR, now=now
        )
        _, text = await transact(engine, command)
    return text


async def keys_of(settings: Settings, practice: str) -> list[KeyRecord]:
    """List a practice's keys.

    Raises:
        NotFoundError: there is no such practice.
        SettingsError: several practices have that name.
    """
    async with brief_engine(settings.service_url) as engine:
        practice_id = await _find(engine.connect(), practice)
        async with engine.connect() as db:
            return await list_keys(db, practice_id)


async def take_key(settings: Settings, practice: str, key_id: UUID, now: datetime) -> None:
    """End an API key at once.

    Raises:
        NotFoundError: there is no such practice, or it has no such key.
        SettingsError: several practices have that name.
    """
    async with brief_engine(settings.service_url) as engine:
        practice_id = await _find(engine.connect(), practice)
        command = partial(
            revoke_key, practice_id=practice_id, key_id=key_id, actor=OPERATOR, now=now
        )
        await transact(engine, command)


async def _find(connecting: AsyncConnection, practice: str) -> UUID:
    """Find a practice by its id or its name."""
    async with connecting as db:
        rows = (await db.execute(select(Practice.practice_id, Practice.name))).all()
    found = [practice_id for practice_id, name in rows if practice in (str(practice_id), name)]
    if not found:
        raise NotFoundError
    if len(found) > 1:
        raise SettingsError("Several practices have this name: say which by its id.")
    return found[0]


def _check(practice: NewPractice) -> None:
    if not practice.name.strip():
        raise SettingsError("A practice needs a name.")
    if practice.currency not in list_currencies():
        raise SettingsError(f"{practice.currency} is no ISO 4217 currency, like EUR.")
    try:
        validate_email(practice.email, check_deliverability=False)
    except EmailNotValidError:
        raise SettingsError("A practice needs an email address.") from None
