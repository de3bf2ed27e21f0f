"""What the lines of one transaction share: its connection, who imports, and known references."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.errors import InvalidInputError
from app.identity.api_keys.keys import Staff
from app.transfer.lines import LineKind, parse_ref
from app.transfer.repository import find_by_ref

_KIND_OF_REF = {
    "client_ref": LineKind.CLIENT,
    "group_ref": LineKind.GROUP,
    "location_ref": LineKind.LOCATION,
    "package_ref": LineKind.PACKAGE,
    "practitioner_ref": LineKind.PRACTITIONER,
    "service_ref": LineKind.SERVICE,
}
_ID_OF_REF = {name: f"{name.removesuffix('_ref')}_id" for name in _KIND_OF_REF}
_IDS = frozenset(_ID_OF_REF.values())


class OwnIdError(InvalidInputError):
    """A line has an id of this service where it should have a reference."""


@dataclass(slots=True)
class Batch:
    """One transaction of an import. `now` is the instant of the request (UTC).

    References that were found are kept for the other lines of the transaction. Records are never
    deleted, and a line is not referred to before it is written.
    """

    db: AsyncConnection
    staff: Staff
    now: datetime
    _known: dict[tuple[LineKind, str], UUID] = field(default_factory=dict)

    @property
    def practice_id(self) -> UUID:
        """Give the practice that the key belongs to."""
        return self.staff.practice_id

    async def find(self, kind: LineKind, ref: str) -> UUID | None:
        """Find the record with a reference; None: there is none yet."""
        known = self._known.get((kind, ref))
        if known is None:
            known = await find_by_ref(self.db, self.practice_id, kind, ref)
            if known is not None:
                self._known[kind, ref] = known
        return known

    async def id_of(self, kind: LineKind, ref: object, pointer: str) -> UUID:
        """Give the id of the record that a line refers to.

        Raises:
            InvalidInputError: there is no such record, or the reference is invalid.
        """
        found = await self.find(kind, parse_ref(ref, pointer))
        if found is None:
            raise InvalidInputError(pointer, "field.no-such-ref")
        return found

    async def with_ids(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Replace references by ids, `client_ref` by `client_id`, also in objects and lists.

        The result has the shape that the API's own requests have.

        Raises:
            InvalidInputError: a record does not exist.
            OwnIdError: the line has an id itself.
        """
        replaced = await self._replaced(fields, "")
        for name, value in fields.items():
            if isinstance(value, dict):
                replaced[name] = await self._replaced(value, f"/{name}")
            if isinstance(value, list):
                replaced[name] = [
                    await self._replaced(part, f"/{name}/{number}")
                    if isinstance(part, dict)
                    else part
                    for number, part in enumerate(value)
                ]
        return replaced

    async def _replaced(self, fields: dict[str, Any], at: str) -> dict[str, Any]:
        replaced: dict[str, Any] = {}
        for name, value in fields.items():
            if name in _IDS:
                raise OwnIdError(f"{at}/{name}", "input.extra")
            if name not in _KIND_OF_REF:
                replaced[name] = value
            elif value is None:
                replaced[_ID_OF_REF[name]] = None
            else:
                found = await self.id_of(_KIND_OF_REF[name], value, f"{at}/{name}")
                replaced[_ID_OF_REF[name]] = str(found)
        return replaced


def as_ref(pointer: str) -> str:
    """Give the pointer of a line's field for that of the API's own request."""
    name = pointer.rpartition("/")[2]
    return f"{pointer.removesuffix('_id')}_ref" if name in _IDS else pointer
