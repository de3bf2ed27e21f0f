"""Packages of a practice's clients, and the checks on their changes."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import Subject
from app.calendar.locks import lock_client
from app.directory.clients.erased import TOMBSTONE
from app.directory.packages.repository import PACKAGE_ROWS, PackageRepository, is_of_practice
from app.directory.records import Records
from app.directory.repository import Record
from app.domain.errors import InvalidInputError
from app.identity.queries import check_not_erased, is_erased
from app.tables.practices import Client, Service


class _Packages(Records):
    audited_fields = frozenset({"credits", "expires_at"})

    def __init__(
        self, rows: PackageRepository, subject: Subject, *, of_erased: bool = False
    ) -> None:
        super().__init__(rows, subject)
        self._of_erased = of_erased

    async def check(
        self, db: AsyncConnection, practice_id: UUID, before: Record | None, changed: Record
    ) -> None:
        """Check the client, the service and the number of credits.

        The client of a new package is locked first, so that they are not erased meanwhile.

        Raises:
            InvalidInputError: the client or service does not belong to the practice or would
                change, the client of a new one was erased, or `credits` would be below the credits
                in use.
            ClientErasedError: the client was erased, and the package stays as it is.
        """
        for name, table, called in (
            ("client_id", Client, "client"),
            ("service_id", Service, "service"),
        ):
            if name not in changed:
                continue
            if before is not None:
                raise InvalidInputError(f"/{name}", "field.fixed-in-package")
            if not await is_of_practice(db, practice_id, table, changed[name]):
                raise InvalidInputError(f"/{name}", f"field.no-such-{called}")
        if before is None:
            await lock_client(db, practice_id, changed["client_id"])
            is_nameless = self._of_erased and changed["name"] == TOMBSTONE["name"]
            if not is_nameless and await is_erased(db, practice_id, changed["client_id"]):
                raise InvalidInputError("/client_id", "field.not-active")
            return
        # An erasure changes the package too, which the caller has locked.
        await check_not_erased(db, practice_id, before["client_id"])
        if "credits" in changed:
            in_use = before["credits"] - before["credits_left"]
            if changed["credits"] < in_use:
                raise InvalidInputError("/credits", "field.credits-in-use", in_use=in_use)


PACKAGES = _Packages(PACKAGE_ROWS, "package")
# For the import in bulk: sessions of clients who were erased since are paid by their packages. The
# names of these were erased as well.
IMPORTED_PACKAGES = _Packages(PACKAGE_ROWS, "package", of_erased=True)
