"""Dependencies that authenticate the practice's software by its API key."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.ext.asyncio import AsyncEngine

from app.identity.api_keys.keys import (
    ApiKeyRefusedError,
    Scope,
    Staff,
    confirm_staff,
    find_staff,
)
from app.web.dependencies import Engine, Now, Origin, ReadEngine, Write, WriteInBatches
from app.web.request_headers import credentials_of, idempotency_key

_key = HTTPBearer(
    auto_error=False,
    scheme_name="ApiKey",
    description="An API key of the practice, created by `reslot keys create` or "
    "`POST /v1/practice/keys`.",
)


def _staff(needed: Scope) -> Callable[..., Awaitable[Staff]]:
    async def staff(
        request: Request,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_key)],
        engine: ReadEngine,
        origin: Origin,
    ) -> Staff:
        if credentials is None or credentials_of(request) is None:
            raise ApiKeyRefusedError
        return await find_staff(engine, credentials.credentials, needed, origin=origin)

    return staff


StaffReader = Annotated[Staff, Security(_staff(Scope.READ), scopes=[Scope.READ])]
StaffWriter = Annotated[Staff, Security(_staff(Scope.WRITE), scopes=[Scope.WRITE])]
StaffAdmin = Annotated[Staff, Security(_staff(Scope.ADMIN), scopes=[Scope.ADMIN])]


async def _staff_writing(
    request: Request,
    engine: Engine,
    staff: StaffWriter,
    now: Now,
    key: Annotated[str | None, Depends(idempotency_key)],
) -> Write:
    return _of_staff(request, engine, staff, now, key)


async def _admin_writing(
    request: Request,
    engine: Engine,
    staff: StaffAdmin,
    now: Now,
    key: Annotated[str | None, Depends(idempotency_key)],
) -> Write:
    return _of_staff(request, engine, staff, now, key)


async def _admin_writing_in_batches(engine: Engine, staff: StaffAdmin) -> WriteInBatches:
    return WriteInBatches(engine, lambda db: confirm_staff(db, staff))


async def _staff_secret_writing(
    request: Request, engine: Engine, staff: StaffWriter, now: Now
) -> Write:
    return _of_staff(request, engine, staff, now, None)


async def _admin_secret_writing(
    request: Request, engine: Engine, staff: StaffAdmin, now: Now
) -> Write:
    return _of_staff(request, engine, staff, now, None)


def _of_staff(
    request: Request, engine: AsyncEngine, staff: Staff, now: datetime, key: str | None
) -> Write:
    return Write(
        request,
        engine,
        now,
        key,
        practice_id=staff.practice_id,
        scope=f"key:{staff.key_id}",
        confirm=lambda db: confirm_staff(db, staff),
    )


StaffWriting = Annotated[Write, Depends(_staff_writing)]
AdminWriting = Annotated[Write, Depends(_admin_writing)]
# Takes no Idempotency-Key: repeating such a command changes nothing.
AdminWritingInBatches = Annotated[WriteInBatches, Depends(_admin_writing_in_batches)]


# An answer that contains a secret must not be stored, so these take no Idempotency-Key.
StaffSecretWriting = Annotated[Write, Depends(_staff_secret_writing)]
AdminSecretWriting = Annotated[Write, Depends(_admin_secret_writing)]
