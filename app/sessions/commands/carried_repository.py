"""Write what sessions carry ("Carried cost"), in the caller's transaction."""

from uuid import UUID

from sqlalchemy import Integer, bindparam, case, false, literal, null, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.writing import Write
from app.domain.money import minor_of
from app.domain.session import Carried
from app.tables.sessions import Session

_UPDATE = update(Session).where(
    Session.practice_id == bindparam("of_practice"),
    Session.id == bindparam("session_id"),
)
_SET_CARRIED = Write(_UPDATE, "carried_fee_minor", "carried_forfeit", "carried_since")
_of_fee = bindparam("cause_version", type_=Integer)
_is_ended = Session.carried_since <= _of_fee
_NOTHING_CARRIED = {"carried_fee_minor": 0, "carried_forfeit": False, "carried_since": None}
# What an undo would restore was kept when the session still carried it.
_END_CARRIED = Write(
    _UPDATE.values(
        carried_fee_minor=case((_is_ended, 0), else_=Session.carried_fee_minor),
        carried_forfeit=case((_is_ended, false()), else_=Session.carried_forfeit),
        carried_since=case((_is_ended, null()), else_=Session.carried_since),
        undo=case(
            (
                Session.undo["carried_since"].as_integer() <= _of_fee,
                Session.undo.op("||")(literal(_NOTHING_CARRIED, Session.undo.type)),
            ),
            else_=Session.undo,
        ),
    )
)


class CarriedRepository:
    """Writes what sessions of one practice carry."""

    def __init__(self, db: AsyncConnection, practice_id: UUID) -> None:
        self._db = db
        self._practice_id = practice_id

    async def set(
        self, session_id: UUID, carried: Carried | None, since: int | None = None
    ) -> None:
        """Set the carried cost, and the version since which the session has it; None: remove it."""
        fee = None if carried is None else carried.fee
        await _SET_CARRIED.run(
            self._db,
            {
                "of_practice": self._practice_id,
                "session_id": session_id,
                "carried_fee_minor": minor_of(fee),
                "carried_forfeit": carried is not None and carried.forfeits_credit,
                "carried_since": None if carried is None else since,
            },
        )

    async def end(self, session_id: UUID, cause_version: int) -> None:
        """End a carried cost that the session has since this version or an earlier one."""
        values = {
            "of_practice": self._practice_id,
            "session_id": session_id,
            "cause_version": cause_version,
        }
        await _END_CARRIED.run(self._db, values)
