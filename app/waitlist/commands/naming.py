"""Check the client, service, practitioner, group and package that a wish of staff names."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.calendar.locks import lock_client
from app.domain.errors import InvalidInputError, NotFoundError, WaitlistOffError
from app.tables.practices import Client, Practitioner, Service
from app.waitlist.records import NewWish
from app.waitlist.repository import WaitlistRepository

UNKNOWN = "field.no-such-record"


class Named(NamedTuple):
    """Who waits for what, and with whom; of a group it is the group's."""

    client_id: UUID
    service_id: UUID
    practitioner_id: UUID | None


async def check_named(db: AsyncConnection, practice_id: UUID, new: NewWish, now: datetime) -> Named:
    """Lock the client of a wish for a new session, and check all that it names.

    Raises:
        InvalidInputError: something is not the practice's or not active, or does not belong to the
            group or the client; or the client waits for the group already.
        WaitlistOffError: the service has no waitlist.
    """
    repository = WaitlistRepository(db, practice_id)
    assert new.client_id is not None  # noqa: S101 - checked by the schema
    await _check_client(db, repository, practice_id, new.client_id)
    named = Named(new.client_id, *await _service_and_practitioner(repository, new, now))
    if not await repository.is_active(Service, named.service_id):
        raise InvalidInputError("/service_id", UNKNOWN)
    if await repository.waitlist_of(named.service_id) == "off":
        raise WaitlistOffError
    with_whom = named.practitioner_id
    if with_whom is not None and not await repository.is_active(Practitioner, with_whom):
        raise InvalidInputError("/practitioner_id", UNKNOWN)
    if new.package_id is not None and not await repository.has_package(
        new.package_id, named.client_id, named.service_id
    ):
        raise InvalidInputError("/package_id", UNKNOWN)
    return named


async def _check_client(
    db: AsyncConnection, repository: WaitlistRepository, practice_id: UUID, client_id: UUID
) -> None:
    try:
        await lock_client(db, practice_id, client_id)
    except NotFoundError:
        raise InvalidInputError("/client_id", UNKNOWN) from None
    if not await repository.is_active(Client, client_id):
        raise InvalidInputError("/client_id", "field.not-active")


async def _service_and_practitioner(
    repository: WaitlistRepository, new: NewWish, now: datetime
) -> tuple[UUID, UUID | None]:
    if new.group_id is None:
        assert new.service_id is not None  # noqa: S101 - checked by the schema
        return new.service_id, new.practitioner_id
    group = await repository.group(new.group_id)
    if group is None:
        raise InvalidInputError("/group_id", UNKNOWN)
    if group.status != "scheduled" or group.starts_at <= now:
        raise InvalidInputError("/group_id", "field.group-over")
    if new.service_id not in {None, group.service_id}:
        raise InvalidInputError("/service_id", "field.not-time-of-group")
    if new.practitioner_id not in {None, group.practitioner_id}:
        raise InvalidInputError("/practitioner_id", "field.not-time-of-group")
    assert new.client_id is not None  # noqa: S101 - checked by the schema
    if await repository.has_session_in(new.group_id, new.client_id):
        raise InvalidInputError("/group_id", "field.seat-already")
    if await repository.waits_for(new.group_id, new.client_id, now):
        raise InvalidInputError("/group_id", "field.waits-already")
    return group.service_id, group.practitioner_id
