"""Operator commands that hand over and erase what is held of a client."""

from datetime import datetime
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.audit.write import OPERATOR
from app.configuration.settings import Settings, SettingsError
from app.database.engine import brief_engine
from app.database.transactions import transact
from app.domain.errors import ClientErasedError, EraseRefusedError, NotFoundError
from app.erasure.commands import erase_client, export_client
from app.erasure.presenter import present_data
from app.erasure.records import ErasedClient
from app.operations.practice_queries import all_practices
from app.operations.practices import choose_practice
from app.sessions.commands.orders import ChangeReason
from app.web.types import Text

_NOTE: TypeAdapter[str] = TypeAdapter(Text)
_NO_CLIENT = "There is no client with this id in this practice."


async def export_data(settings: Settings, practice: str, client_id: UUID, now: datetime) -> str:
    """Read everything held of a client, as JSON.

    Raises:
        SettingsError: no practice has that id or name, or several have; it has no such client; or
            the client was erased.
    """
    async with brief_engine(settings.service_url) as engine:
        practice_id = await _practice(engine, practice)
        try:
            data = await transact(
                engine,
                lambda db: export_client(db, practice_id, client_id, actor=OPERATOR, now=now),
            )
        except ClientErasedError:
            raise SettingsError("The client was erased: nothing is held of them.") from None
        except NotFoundError:
            raise SettingsError(_NO_CLIENT) from None
    return present_data(data).model_dump_json(indent=2)


async def erase_data(
    settings: Settings, practice: str, client_id: UUID, note: str, *, force: bool, now: datetime
) -> ErasedClient:
    """Erase a client; see `erase_client`.

    Raises:
        SettingsError: no practice has that id or name, or several have; it has no such client; the
            reason is empty or too long; or the client has booked sessions or due fees, and the
            command is not forced.
    """
    try:
        reason = ChangeReason(None, _NOTE.validate_python(note))
    except ValidationError:
        raise SettingsError("--reason: 1 to 500 visible characters.") from None
    async with brief_engine(settings.service_url) as engine:
        practice_id = await _practice(engine, practice)
        try:
            return await transact(
                engine,
                lambda db: erase_client(
                    db,
                    practice_id,
                    client_id,
                    reason=reason,
                    force=force,
                    actor=OPERATOR,
                    now=now,
                    credit_grace=settings.credit_grace,
                ),
            )
        except EraseRefusedError as error:
            raise SettingsError(
                f"The client has {error.booked_sessions} booked sessions and {error.due_fees} due "
                "fees: end them first, or add --force."
            ) from None
        except NotFoundError:
            raise SettingsError(_NO_CLIENT) from None


async def _practice(engine: AsyncEngine, practice: str) -> UUID:
    async with engine.connect() as db:
        return choose_practice(await all_practices(db), practice).id
