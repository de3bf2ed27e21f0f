"""What sessions and groups of an import share: their time and place, and what exists already."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from app.domain.errors import InvalidInputError
from app.domain.refusals import SlotUnavailableError
from app.domain.session import Format
from app.sessions.commands.booking import TimeContext
from app.sessions.commands.meeting import Buffers, Meeting
from app.sessions.commands.overlap_repository import find_overlap
from app.sessions.read.calendar import CalendarOwner
from app.transfer.batch import Batch
from app.transfer.replay_repository import ReplayRepository
from app.transfer.schemas import MeetingLine


async def check_same(
    batch: Batch, line: BaseModel, schema: type[BaseModel], present: Mapping[str, Any]
) -> None:
    """Check that a line says nothing else than what exists.

    Raises:
        InvalidInputError: a field of the line differs; the error names it.
    """
    fields = to_jsonable_python(present)
    del fields["kind"], fields["external_ref"]
    stored = schema.model_validate(await batch.with_ids(fields))
    for name in type(line).model_fields:
        if name in line.model_fields_set and not _is_same(
            getattr(line, name), getattr(stored, name)
        ):
            raise InvalidInputError(f"/{name}", "field.import-differs")


def _is_same(said: Any, stored: Any) -> bool:  # noqa: ANN401 - the value of a field
    """Tell whether all that a line says is so. What it leaves out may be anything."""
    if isinstance(said, tuple | list) and isinstance(stored, tuple | list):
        pairs = zip(said, stored, strict=False)
        return len(said) == len(stored) and all(_is_same(*pair) for pair in pairs)
    if isinstance(said, BaseModel) and isinstance(stored, BaseModel):
        names = said.model_fields_set - {"decimals"}
        return all(_is_same(getattr(said, name), getattr(stored, name)) for name in names)
    return bool(said == stored)


async def meeting_of_line(batch: Batch, line: MeetingLine, context: TimeContext) -> Meeting:
    """Give the time and place of a line. What is absent is as for a booking made now."""
    join_url, instructions = line.join_url, line.instructions
    if "join_url" not in line.model_fields_set and line.format is Format.VIDEO:
        join_url = context.video_url
    if "instructions" not in line.model_fields_set:
        instructions = await ReplayRepository(batch.db, batch.practice_id).instructions(
            line.service_id, line.format, line.location_id
        )
    length = timedelta(minutes=context.duration_minutes)
    ends_at = line.ends_at or line.starts_at + length
    return Meeting(line.starts_at, ends_at, line.format, line.location_id, join_url, instructions)


def buffers_of_line(line: MeetingLine, context: TimeContext) -> Buffers:
    """Give the buffers of a line; by default the service's."""
    before, after = line.buffer_before_minutes, line.buffer_after_minutes
    return Buffers(
        context.buffer_before_minutes if before is None else before,
        context.buffer_after_minutes if after is None else after,
    )


async def overlaps_any(
    batch: Batch,
    line: MeetingLine,
    own_id: UUID,
    meeting: Meeting,
    buffers: Buffers | None,
    client_id: UUID | None,
) -> bool:
    """Tell whether a time overlaps another session or group of the practitioner or the client."""
    owner = CalendarOwner(batch.practice_id, line.practitioner_id, client_id, own_id)
    return (await find_overlap(batch.db, owner, meeting, buffers, batch.now)).is_taken


async def check_free_time(
    batch: Batch,
    line: MeetingLine,
    own_id: UUID,
    meeting: Meeting,
    buffers: Buffers | None,
    client_id: UUID | None,
) -> None:
    """Check that a time overlaps no other session or group, of the practitioner or the client.

    Raises:
        SlotUnavailableError: it does. It names no other times: the time of a line is fixed.
    """
    if await overlaps_any(batch, line, own_id, meeting, buffers, client_id):
        raise SlotUnavailableError([], meeting.ends_at - meeting.starts_at, ZoneInfo("UTC"))
