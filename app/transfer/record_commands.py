"""Import the practice's records and policy versions."""

from typing import Any
from uuid import UUID

from app.audit.write import IMPORTED, write_change
from app.directory.clients.erased import ERASED_EMAIL
from app.directory.clients.records import IMPORTED_CLIENTS
from app.directory.clients.schemas import ClientLine
from app.directory.fields import RecordBody
from app.directory.locations.records import LOCATIONS
from app.directory.locations.schemas import PutLocation
from app.directory.packages.records import IMPORTED_PACKAGES
from app.directory.packages.schemas import PutPackage
from app.directory.practice.commands import change_practice
from app.directory.practice.queries import read_practice
from app.directory.practitioners.records import PRACTITIONERS
from app.directory.practitioners.schemas import PutPractitioner
from app.directory.records import Records
from app.directory.services.records import SERVICES
from app.directory.services.schemas import PutService
from app.domain.errors import InvalidInputError
from app.policies.commands import replay_policy_version
from app.policies.queries import read_policy
from app.transfer.batch import Batch
from app.transfer.lines import Done, LineKind
from app.transfer.repository import find_version, latest_version
from app.transfer.schemas import PolicyLine, PracticeLine

# The commands of each kind of record, and the schema of a complete one.
RECORDS: dict[LineKind, tuple[Records, type[RecordBody]]] = {
    LineKind.LOCATION: (LOCATIONS, PutLocation),
    LineKind.PRACTITIONER: (PRACTITIONERS, PutPractitioner),
    LineKind.SERVICE: (SERVICES, PutService),
    LineKind.CLIENT: (IMPORTED_CLIENTS, ClientLine),
    LineKind.PACKAGE: (IMPORTED_PACKAGES, PutPackage),
}


async def import_practice(batch: Batch, fields: dict[str, Any]) -> Done:
    """Change the fields of the practice that the line has.

    Raises:
        InvalidInputError: the practice has another currency.
    """
    line = PracticeLine.model_validate(fields)
    before = await read_practice(batch.db, batch.practice_id)
    if line.currency not in {None, before["currency"]}:
        currency = before["currency"]
        raise InvalidInputError("/currency", "field.practice-currency", currency=currency)
    after = await change_practice(
        batch.db, batch.practice_id, batch.staff.actor, values=line.values(), now=batch.now
    )
    return Done("unchanged" if after == before else "updated", batch.practice_id)


async def import_record(batch: Batch, kind: LineKind, ref: str, fields: dict[str, Any]) -> Done:
    """Create the record with this reference, or replace it.

    Raises:
        InvalidInputError: it conflicts with the practice's other records.
    """
    records, schema = RECORDS[kind]
    values = schema.model_validate(await batch.with_ids(fields)).values()
    record_id = await batch.find(kind, ref)
    if record_id is None:
        own = {**values, "external_ref": ref}
        record = await records.create(batch.db, batch.staff, own, batch.now)
        if kind is LineKind.CLIENT and record["email"] == ERASED_EMAIL:
            await _record_erased(batch, record["id"])
        return Done("created", record["id"])
    replaced = await records.replace(batch.db, batch.staff, record_id, values, batch.now)
    return Done("updated" if replaced.is_changed else "unchanged", record_id)


async def _record_erased(batch: Batch, client_id: UUID) -> None:
    """Record that a client was erased where they come from; nothing was done to them here."""
    await write_change(
        batch.db,
        batch.practice_id,
        batch.staff.actor,
        batch.now,
        subject="client",
        subject_id=client_id,
        kind="erased",
        details={**IMPORTED, "sessions_cancelled": 0, "fees_waived": 0},
    )


async def import_policy(batch: Batch, fields: dict[str, Any]) -> Done:
    """Add a version of a policy. A version that exists is the same, or it is refused.

    The practice is locked: the next number is compared with what others have added meanwhile.

    Raises:
        InvalidInputError: the version exists with other rules, or is not the next one.
    """
    line = PolicyLine.model_validate(await batch.with_ids(fields))
    of = (line.service_id, line.practitioner_id)
    latest = await latest_version(batch.db, batch.practice_id, *of)
    number = line.version or latest
    version_id = await find_version(batch.db, batch.practice_id, *of, number)
    if version_id is not None:
        known = await read_policy(batch.db, batch.practice_id, version_id)
        if (known.text, known.rules) == (line.text, line.document()):
            return Done("unchanged", version_id)
    if line.version is not None and line.version != latest + 1:
        raise InvalidInputError("/version", "field.version-not-next", next=latest + 1)
    added = await replay_policy_version(
        batch.db,
        batch.staff,
        *of,
        line.text,
        line.document(),
        created_at=line.created_at or batch.now,
        now=batch.now,
        is_old=line.version is not None,
    )
    return Done("created", added.id)
