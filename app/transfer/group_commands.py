"""Import groups as they stand. Their seats are sessions."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import uuid4

from app.audit.write import IMPORTED, write_change
from app.calendar.locks import lock_practitioner
from app.calendar.taken_times import take_for_group
from app.groups.commands.checks import check_rules
from app.groups.records import SeatRules
from app.groups.repository import GroupRepository
from app.sessions.commands.repository import whole_time
from app.transfer.batch import Batch
from app.transfer.export_lines import group_line
from app.transfer.lines import Done, LineKind
from app.transfer.queries import read_group_row
from app.transfer.replay_repository import ReplayRepository
from app.transfer.replaying import (
    buffers_of_line,
    check_free_time,
    check_same,
    meeting_of_line,
)
from app.transfer.schemas import GroupLine


async def import_group(batch: Batch, ref: str, fields: dict[str, Any]) -> Done:
    """Add a group, without its seats.

    Raises:
        InvalidInputError: the group exists with another value; or see `check_rules`.
        SlotUnavailableError: the practitioner's time is not free.
    """
    line = GroupLine.model_validate(await batch.with_ids(fields))
    known = await batch.find(LineKind.GROUP, ref)
    if known is not None:
        present = group_line(await read_group_row(batch.db, batch.practice_id, known))
        await check_same(batch, line, GroupLine, present)
        return Done("unchanged", known)
    rules = SeatRules(line.seats, line.min_seats, line.decide_hours, line.auto_cancel)
    check_rules(rules)
    await lock_practitioner(batch.db, batch.practice_id, line.practitioner_id)
    groups = GroupRepository(batch.db, batch.practice_id)
    context = await groups.context(line.service_id, line.practitioner_id)
    assert context is not None  # noqa: S101 - the references were found
    meeting, buffers = await meeting_of_line(batch, line, context), buffers_of_line(line, context)
    group_id = uuid4()
    if line.status == "scheduled":
        await check_free_time(batch, line, group_id, meeting, buffers, None)
    await ReplayRepository(batch.db, batch.practice_id).add_group(
        group_id,
        {
            "external_ref": ref,
            "service_id": line.service_id,
            "practitioner_id": line.practitioner_id,
            **_as_created(line, rules, batch.now),
            **meeting.columns(),
            **buffers.columns(),
        },
    )
    if line.status == "scheduled":
        whole = whole_time(meeting, buffers)
        await take_for_group(batch.db, batch.practice_id, line.practitioner_id, group_id, whole)
    await write_change(
        batch.db,
        batch.practice_id,
        batch.staff.actor,
        batch.now,
        subject="group",
        subject_id=group_id,
        kind="created",
        details={**IMPORTED, "status": line.status, "seats": line.seats},
    )
    return Done("created", group_id)


def _as_created(line: GroupLine, rules: SeatRules, now: datetime) -> dict[str, Any]:
    return {
        "status": line.status,
        "version": 1,
        "calendar_sequence": 0,
        "decided_at": rules.decided_at(line.starts_at, now),
        **asdict(rules),
    }
