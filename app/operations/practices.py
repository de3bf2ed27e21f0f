"""Operator commands: create, close and reopen practices, and manage their API keys."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from pydantic import TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.audit.write import OPERATOR, write_change
from app.configuration.settings import Settings, SettingsError
from app.database.engine import brief_engine
from app.database.transactions import read_connection, transact
from app.directory.contact_fields import Email, Phone
from app.directory.fields import Name
from app.directory.pictures.checking import CheckedPicture, check_picture
from app.directory.pictures.commands import change_logo
from app.directory.practice.commands import change_practice
from app.directory.practice.repository import PracticeRepository
from app.directory.practice.schemas import ChangePractice
from app.domain.errors import InvalidInputError, NotFoundError
from app.identity.api_keys.keys import KeyRecord, Scope, create_key, list_keys, revoke_key
from app.identity.oidc.commands import remove_provider
from app.identity.oidc.queries import find_users
from app.identity.sign_in.repository import end_all_tokens
from app.operations.practice_queries import ListedPractice, all_practices, lock_names, set_closed
from app.standards.currencies import DECIMALS
from app.texts.catalogue import ENGLISH
from app.web.body_limit import MAX_PICTURE_BYTES
from app.web.types import Name as KeyName

_NAME: TypeAdapter[str] = TypeAdapter(Name)
_EMAIL: TypeAdapter[str] = TypeAdapter(Email)
_PHONE: TypeAdapter[str] = TypeAdapter(Phone)
_KEY_NAME: TypeAdapter[str] = TypeAdapter(KeyName)


@dataclass(frozen=True, slots=True)
class NewPractice:
    """Name, currency and contact of a new practice."""

    name: str
    currency: str
    email: str
    phone: str | None


async def create_practice(settings: Settings, practice: NewPractice, now: datetime) -> UUID:
    """Create a practice and return its id.

    Raises:
        SettingsError: the API would refuse its name, address or phone; another practice has this
            name; or there is no such currency.
    """
    practice = _checked(practice)
    practice_id, name = uuid4(), practice.name

    async def command(db: AsyncConnection) -> None:
        await lock_names(db)
        for other in await all_practices(db):
            if other.name == name:
                raise SettingsError(f"The practice {other.id} has this name: choose another one.")
        await PracticeRepository(db, practice_id).open_practice(
            name=name,
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


async def change_practice_look(
    settings: Settings,
    practice: str,
    values: Mapping[str, str | list[str]],
    logo: bytes | None,
    now: datetime,
) -> None:
    """Change fields of a practice by their names in the API; an empty text clears an optional one.

    `logo`: a PNG, JPEG or WebP; empty: the logo is removed; None: it stays as it is.

    Raises:
        SettingsError: no practice has that id or name, or several have; or the API would
            refuse a value.
    """
    body = _checked_change(values)
    picture = None if not logo else _checked_logo(logo)

    async with brief_engine(settings.service_url) as engine:
        found = await _find(engine, practice)

        async def command(db: AsyncConnection) -> None:
            await change_practice(db, found.id, OPERATOR, values=body.values(), now=now)
            if logo is not None:
                await change_logo(db, found.id, picture, actor=OPERATOR, now=now)

        await transact(engine, command)


async def list_practices(settings: Settings) -> list[ListedPractice]:
    """List the practices of this installation by name."""
    async with brief_engine(settings.service_url) as engine, engine.connect() as db:
        return await all_practices(db)


async def close_practice(settings: Settings, practice: str, now: datetime) -> None:
    """Close a practice (product.md section 10). Closing it again changes nothing.

    Raises:
        SettingsError: no practice has that id or name, or several have.
    """
    await _set_closed(settings, practice, now, now)


async def reopen_practice(settings: Settings, practice: str, now: datetime) -> None:
    """Open a closed practice again. If it is open, nothing changes.

    Raises:
        SettingsError: no practice has that id or name, or several have.
    """
    await _set_closed(settings, practice, None, now)


async def _set_closed(
    settings: Settings, practice: str, closed_at: datetime | None, now: datetime
) -> None:
    async with brief_engine(settings.service_url) as engine:
        found = await _find(engine, practice)
        await transact(
            engine, lambda db: _write_closed(db, practice_id=found.id, closed_at=closed_at, now=now)
        )


async def _write_closed(
    db: AsyncConnection, practice_id: UUID, closed_at: datetime | None, now: datetime
) -> None:
    if not await set_closed(db, practice_id, closed_at):
        return
    if closed_at is not None:
        await end_all_tokens(db, practice_id, now)
    kind = "reopened" if closed_at is None else "closed"
    await write_change(
        db, practice_id, OPERATOR, now, subject="practice", subject_id=practice_id, kind=kind
    )


async def release_sign_in(settings: Settings, issuer: str, audience: str, now: datetime) -> None:
    """Remove the own sign-in that uses an issuer with an audience, whichever practice has it.

    Raises:
        SettingsError: no practice uses them.
    """
    async with brief_engine(settings.service_url) as engine:
        async with read_connection(engine) as db:
            found = await find_users(db, issuer, audience)
        if not found:
            raise SettingsError("No practice uses this issuer with this audience.")
        for practice_id in found:
            await transact(
                engine,
                lambda db, practice_id=practice_id: remove_provider(  # type: ignore[misc]
                    db, practice_id, OPERATOR, now
                ),
            )


async def create_practice_key(
    settings: Settings, practice: str, name: str, scope: Scope, now: datetime
) -> str:
    """Create an API key for a practice and return its text, which cannot be read again later.

    Raises:
        SettingsError: no practice has that id or name, or several have; the practice is closed;
            or the key's name is invalid.
    """
    name = _valid("--name", _KEY_NAME, name)
    async with brief_engine(settings.service_url) as engine:
        found = await _find(engine, practice)
        if found.closed_at is not None:
            raise SettingsError("The practice is closed: open it with `reslot practice reopen`.")
        _, text = await transact(
            engine,
            lambda db: create_key(
                db, practice_id=found.id, name=name, scope=scope, actor=OPERATOR, now=now
            ),
        )
    return text


async def list_practice_keys(settings: Settings, practice: str) -> list[KeyRecord]:
    """List a practice's API keys, including revoked ones, oldest first.

    Raises:
        SettingsError: no practice has that id or name, or several have.
    """
    async with brief_engine(settings.service_url) as engine:
        found = await _find(engine, practice)
        async with engine.connect() as db:
            return await list_keys(db, found.id)


async def revoke_practice_key(
    settings: Settings, practice: str, key_id: UUID, now: datetime
) -> None:
    """Revoke an API key with immediate effect.

    Raises:
        SettingsError: no practice has that id or name, or several have; or it has no such key.
    """
    async with brief_engine(settings.service_url) as engine:
        found = await _find(engine, practice)
        try:
            await transact(
                engine,
                lambda db: revoke_key(
                    db, practice_id=found.id, key_id=key_id, actor=OPERATOR, now=now
                ),
            )
        except NotFoundError:
            raise SettingsError(
                "There is no key with this id in this practice: see `reslot keys list`."
            ) from None


async def _find(engine: AsyncEngine, practice: str) -> ListedPractice:
    """Find a practice by its id or name."""
    async with engine.connect() as db:
        return choose_practice(await all_practices(db), practice)


def choose_practice(
    practices: Iterable[ListedPractice], wanted: str, *, which: str = ""
) -> ListedPractice:
    """Return the practice with this id, or else the only one with this name.

    `which`: what the practices have in common, if they are not all that there are.

    Raises:
        SettingsError: no practice has this id or name, or several have this name.
    """
    known = list(practices)
    found = [one for one in known if str(one.id) == wanted.lower()]
    found = found or [one for one in known if one.name == wanted]
    if not found:
        raise SettingsError(f"There is no practice {wanted}{which}: see `reslot practice list`.")
    if len(found) > 1:
        ids = ", ".join(str(one.id) for one in found)
        raise SettingsError(f"Several practices have this name: say which by its id, of {ids}.")
    return found[0]


def _checked(practice: NewPractice) -> NewPractice:
    """Validate and normalise a practice by the same rules as the API."""
    if practice.currency not in DECIMALS:
        raise SettingsError(f"--currency: {practice.currency} is no ISO 4217 currency, like EUR.")
    return NewPractice(
        name=_valid("--name", _NAME, practice.name),
        currency=practice.currency,
        email=_valid("--email", _EMAIL, practice.email),
        phone=None if practice.phone is None else _valid("--phone", _PHONE, practice.phone),
    )


def _checked_change(values: Mapping[str, str | list[str]]) -> ChangePractice:
    try:
        return ChangePractice.model_validate(
            {name: None if value == "" else value for name, value in values.items()}
        )
    except ValidationError as error:
        first = error.errors()[0]
        option = str(first["loc"][0]).replace("_", "-")
        raise SettingsError(f"--{option}: {_message(first['msg'])}.") from None


def _checked_logo(logo: bytes) -> CheckedPicture:
    if len(logo) > MAX_PICTURE_BYTES:
        raise SettingsError(f"--logo: the file has more than {MAX_PICTURE_BYTES // 1024} KiB.")
    try:
        return check_picture(logo)
    except InvalidInputError as error:
        raise SettingsError(f"--logo: {ENGLISH.explain(error.explanation)}.") from None


def _message(reason: str) -> str:
    return reason.removeprefix("Value error, ")


def _valid(option: str, kind: TypeAdapter[str], text: str) -> str:
    try:
        return kind.validate_python(text)
    except ValidationError as error:
        raise SettingsError(f"{option}: {_message(error.errors()[0]['msg'])}.") from None
