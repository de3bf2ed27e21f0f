"""What a text message from a client does, in the caller's transaction.

It never cancels anything: a fee may be due, and there is no fee without a quote.
"""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import Actor, write_change
from app.notifications.sms.repository import (
    find_texted_session,
    lock_clients_with,
    restore_texts,
    stop_texts,
    was_answered_since,
)
from app.outbox.channels import queue_answer
from app.sms.incoming import Word

ANSWERED_ONCE_IN = timedelta(days=1)
_BY_TEXT = Actor("client", "text message")


async def hear(db: AsyncConnection, number: str, word: Word, now: datetime) -> None:
    """Do what a client has said from a number.

    `stop` ends the text messages of all clients with the number, at all practices; `start` restores
    those that `stop` has ended. Anything else is answered with the link to their session, if
    exactly one session that is to come was texted to the number, and there was no answer within a
    day.
    """
    clients = await lock_clients_with(db, number)
    if word == "other":
        await _answer(db, number, now, is_texted=any(one.texts != "off" for one in clients))
        return
    for client in clients:
        ids = (client.practice_id, client.id)
        if word == "stop" and client.texts != "off":
            await stop_texts(db, *ids, now)
            kind = "texts_stopped"
        elif word == "start" and client.texts_stopped is not None:
            await restore_texts(db, *ids, now)
            kind = "texts_restored"
        else:
            continue
        await write_change(
            db, client.practice_id, _BY_TEXT, now, subject="client", subject_id=client.id, kind=kind
        )


async def _answer(db: AsyncConnection, number: str, now: datetime, *, is_texted: bool) -> None:
    if not is_texted or await was_answered_since(db, number, now - ANSWERED_ONCE_IN):
        return
    texted = await find_texted_session(db, number, now)
    if texted is not None:
        await queue_answer(db, texted.practice_id, texted.notification_id, now)
