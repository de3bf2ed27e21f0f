"""Commands on webhook endpoints: create, change, put, rotate the secret (product.md section 7)."""

import secrets
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import write_change
from app.directory.practice.repository import lock_practice
from app.domain.errors import InvalidInputError, NotFoundError, RefTakenError
from app.identity.api_keys.keys import Staff
from app.outbound.targets import BadTargetError, host_of, read_target
from app.webhooks.queries import EndpointRecord
from app.webhooks.repository import (
    add_endpoint,
    count_active,
    lock_endpoint,
    lock_endpoint_by_ref,
    write_endpoint,
)

SECRET_BYTES = 32
ACTIVE_ENDPOINTS = 20


@dataclass(frozen=True, slots=True)
class WriteResult:
    """An endpoint after a command. `secret` is set only if the command generated it."""

    record: EndpointRecord
    secret: str | None = None
    is_new: bool = False


async def create_endpoint(
    db: AsyncConnection, staff: Staff, values: Mapping[str, Any], *, insecure: bool, now: datetime
) -> WriteResult:
    """Create an endpoint with a new secret, which is only in this result.

    Raises:
        InvalidInputError: webhooks are not sent to its URL, or the practice already has the maximum
            number of active endpoints.
        RefTakenError: another endpoint has its `external_ref`.
    """
    _check(values, insecure=insecure)
    await lock_practice(db, staff.practice_id)
    ref = values.get("external_ref")
    known = None if ref is None else await lock_endpoint_by_ref(db, staff.practice_id, ref)
    if known is not None:
        raise RefTakenError("field.ref-taken.webhook-endpoint", known.id)
    return await _make(db, staff, values, now)


async def _make(
    db: AsyncConnection, staff: Staff, values: Mapping[str, Any], now: datetime
) -> WriteResult:
    if values.get("active", True):
        await _check_room(db, staff, "/url")
    secret = _new_secret()
    record = await add_endpoint(db, staff.practice_id, {**values, "secret": secret})
    await _record(db, staff, record, "created", now)
    return WriteResult(record, secret, is_new=True)


async def change_endpoint(
    db: AsyncConnection,
    staff: Staff,
    endpoint_id: UUID,
    values: Mapping[str, Any],
    *,
    insecure: bool,
    now: datetime,
) -> WriteResult:
    """Change an endpoint. Activating it, or a new URL, resets its count of failures.

    Raises:
        InvalidInputError: webhooks are not sent to its URL, or the practice already has the maximum
            number of active endpoints.
        NotFoundError: the practice has no such endpoint.
    """
    _check(values, insecure=insecure)
    if values.get("active"):
        await lock_practice(db, staff.practice_id)
    before = await lock_endpoint(db, staff.practice_id, endpoint_id)
    if before is None:
        raise NotFoundError
    return WriteResult(await _change(db, staff, before, values, now))


async def put_endpoint(
    db: AsyncConnection,
    staff: Staff,
    external_ref: str,
    values: Mapping[str, Any],
    *,
    insecure: bool,
    now: datetime,
) -> WriteResult:
    """Create or change the endpoint with this `external_ref`. Only creating returns a secret.

    Raises:
        InvalidInputError: webhooks are not sent to its URL, or the practice already has the maximum
            number of active endpoints.
    """
    _check(values, insecure=insecure)
    await lock_practice(db, staff.practice_id)
    before = await lock_endpoint_by_ref(db, staff.practice_id, external_ref)
    if before is not None:
        return WriteResult(await _change(db, staff, before, values, now))
    values = {**values, "external_ref": external_ref}
    return await _make(db, staff, values, now)


async def rotate_secret(
    db: AsyncConnection, staff: Staff, endpoint_id: UUID, *, now: datetime
) -> WriteResult:
    """Replace an endpoint's secret. All events sent from now on are signed with the new one.

    Raises:
        NotFoundError: the practice has no such endpoint.
    """
    found = await lock_endpoint(db, staff.practice_id, endpoint_id)
    if found is None:
        raise NotFoundError
    secret = _new_secret()
    await write_endpoint(db, staff.practice_id, endpoint_id, {"secret": secret})
    await _record(db, staff, found, "secret_rotated", now)
    return WriteResult(found, secret)


def _check(values: Mapping[str, Any], *, insecure: bool) -> None:
    if "url" not in values:
        return
    try:
        read_target(values["url"], insecure=insecure)
    except BadTargetError as error:
        why = error.explanation
        raise InvalidInputError("/url", why.key, where="body", **why.values) from None


async def _check_room(db: AsyncConnection, staff: Staff, pointer: str) -> None:
    """Check the limit of active endpoints; inactive ones do not count.

    Raises:
        InvalidInputError: the practice has reached the limit.
    """
    if await count_active(db, staff.practice_id) >= ACTIVE_ENDPOINTS:
        raise InvalidInputError(pointer, "field.too-many-endpoints", most=ACTIVE_ENDPOINTS)


async def _change(
    db: AsyncConnection,
    staff: Staff,
    before: EndpointRecord,
    values: Mapping[str, Any],
    now: datetime,
) -> EndpointRecord:
    """Write the columns that differ, and an audit log entry; nothing if none differs."""
    changed = {name: value for name, value in values.items() if getattr(before, name) != value}
    if not changed:
        return before
    if changed.get("active"):
        await _check_room(db, staff, "/active")
    written = dict(changed)
    if changed.get("active") or "url" in changed:
        written |= {"failures": 0, "failing_since": None}
    if changed.get("active"):
        written["disabled_at"] = None
    after = await write_endpoint(db, staff.practice_id, before.id, written)
    await _record(db, staff, after, _kind(changed), now, changed=sorted(changed))
    return after


def _kind(changed: Mapping[str, Any]) -> str:
    """Return the kind of the audit log entry; a change of `active` takes precedence."""
    if "active" not in changed:
        return "updated"
    return "reactivated" if changed["active"] else "deactivated"


async def _record(
    db: AsyncConnection,
    staff: Staff,
    record: EndpointRecord,
    kind: str,
    now: datetime,
    **more: object,
) -> None:
    """Write an audit log entry. It has only the host of the URL: the path may hold a secret."""
    details = {
        "host": host_of(record.url),
        "events": list(record.events),
        **more,
    }
    if record.include_reason:
        details["include_reason"] = True
    await write_change(
        db,
        staff.practice_id,
        staff.actor,
        now,
        subject="webhook_endpoint",
        subject_id=record.id,
        kind=kind,
        details=details,
    )


def _new_secret() -> str:
    return f"whsec_{b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"
