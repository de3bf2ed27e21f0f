"""Prepares the demo, writes `demo.json`, and prints what to try."""

import json
import shutil
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.configuration.settings import Settings, SettingsError
from app.database.engine import brief_engine
from app.database.transactions import transact
from app.demo import MAIN_CLIENT, demo_id
from app.demo.keys import PRACTICES, DemoKey, demo_keys
from app.demo.looks import write_looks
from app.demo.mails import send_mails
from app.demo.policies import write_policies
from app.demo.records import FOLLOW_UP, HARBOR, MASSAGE, MAYA, OPENED_AGO, write_records
from app.demo.sessions import DemoBooker
from app.identity.queries import is_erased
from app.identity.tokens.access import AccessTokens, Caller
from app.identity.tokens.link import LinkTokens, link_url
from app.identity.tokens.quote import Quotes
from app.links.commands import sign_link
from app.tables.all import metadata
from app.tables.joins import of_practice
from app.tables.notifications import Notification
from app.tables.practices import Client, Practice
from app.tables.sessions import Session

FILE = "demo.json"
# Longer than ACCESS_TOKEN_MINUTES, so that the printed commands work for a day.
TOKEN_LIFETIME = timedelta(hours=24)


async def prepare(settings: Settings, now: datetime, *, reset: bool) -> str:
    """Write the demo's data if there is none, rewrite `demo.json`, and print what to try.

    Raises:
        SettingsError: the data is to be reset, and some of it does not belong to the demo; or the
            client whom the guide is about was erased.
    """
    file = settings.data_dir / FILE
    async with brief_engine(settings.service_url) as engine:
        if reset:
            await _wipe(engine, settings)
        if HARBOR in await _practices(engine):
            keys = await demo_keys(engine, file, now)
        else:
            keys = await _fill(engine, settings, file, now)
        async with engine.connect() as db:
            if await is_erased(db, HARBOR, demo_id(MAIN_CLIENT)):
                raise SettingsError(f"{MAIN_CLIENT} was erased: start the demo with --reset.")
            facts = await _facts(db, settings, now)
            # No tutorial changes these: the last massage, and the next date of the series.
            massage = Session.service_id == MASSAGE
            to_cancel = await _session(db, now, massage, Session.starts_at.desc())
            series = Session.series_id.is_not(None)
            of_series = await _session(db, now, series, Session.starts_at.asc())
    facts["api_keys"] = [_tell(key) for key in keys]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(facts, indent=2) + "\n")
    file.chmod(0o600)
    return _guide(facts, to_cancel, of_series, settings, now)


async def _practices(engine: AsyncEngine) -> set[UUID]:
    async with engine.connect() as db:
        return set(await db.scalars(select(Practice.practice_id)))


async def _wipe(engine: AsyncEngine, settings: Settings) -> None:
    """Truncate all tables as the owner: the service role has no privilege for that."""
    if not await _practices(engine) <= set(PRACTICES):
        raise SettingsError(
            "The database holds more than the demo, so it is not emptied: name another one in "
            "DATABASE_URL, or none."
        )
    names = ", ".join([*metadata.tables, "pgqueuer"])
    async with brief_engine(settings.owner_url) as owner:
        await transact(owner, lambda db: db.execute(text(f"TRUNCATE {names}")))
    shutil.rmtree(settings.mail_folder, ignore_errors=True)


async def _fill(
    engine: AsyncEngine, settings: Settings, file: Path, now: datetime
) -> list[DemoKey]:
    opened = now - OPENED_AGO
    await transact(engine, partial(write_records, now=opened))
    await transact(engine, partial(write_looks, now=opened))
    await transact(engine, partial(write_policies, now=opened))
    keys = await demo_keys(engine, file, opened)
    quotes = Quotes(settings.keys, settings.quote_lifetime)
    mailed = await DemoBooker(engine, now, quotes, [key.staff for key in keys]).book_all()
    await send_mails(engine, settings, mailed, now)
    return keys


async def _facts(db: AsyncConnection, settings: Settings, now: datetime) -> dict[str, Any]:
    rows = (
        await db.execute(
            select(
                Client.practice_id,
                Client.id,
                Client.email,
                Client.token_generation,
                Practice.name,
                func.array_agg(Session.id.op("ORDER BY")(Session.starts_at)).label("session_ids"),
            )
            .join(Practice, Practice.practice_id == Client.practice_id)
            .join(
                Session,
                and_(Session.practice_id == Client.practice_id, Session.client_id == Client.id),
            )
            .where(Client.practice_id.in_(PRACTICES))
            .group_by(Client.practice_id, Client.id, Practice.name)
            .order_by(Client.email)
        )
    ).all()
    tokens = AccessTokens(settings.keys)
    return {
        "base_url": f"http://{settings.host}:{settings.port}",
        "clients": [
            {
                "id": str(row.id),
                "email": row.email,
                "practice": row.name,
                "access_token": tokens.sign(
                    Caller(row.practice_id, row.id, row.token_generation), now + TOKEN_LIFETIME
                ),
                "session_ids": [str(session_id) for session_id in row.session_ids],
            }
            for row in rows
        ],
        "links": await _links(db, settings),
    }


async def _session(
    db: AsyncConnection, now: datetime, kind: ColumnElement[bool], order: ColumnElement[Any]
) -> UUID:
    """Return the first session of a kind of the main client, one that is still open if any is."""
    is_open = and_(Session.status == "booked", Session.starts_at > now)
    found = await db.scalars(
        select(Session.id)
        .where(Session.practice_id == HARBOR, Session.client_id == demo_id(MAIN_CLIENT), kind)
        .order_by(is_open.desc(), order)
        .limit(1)
    )
    return found.one()


async def _links(db: AsyncConnection, settings: Settings) -> list[dict[str, str]]:
    """Return the links of mails to clients that were sent or are due."""
    mailed = await db.scalars(
        select(Notification.session_id)
        .join(Session, of_practice(HARBOR, Session, Session.id == Notification.session_id))
        .join(Client, of_practice(HARBOR, Client, Client.id == Session.client_id))
        .where(
            Notification.practice_id == HARBOR,
            Client.erased_at.is_(None),
            Notification.kind.in_(("booked", "move_request")),
            Notification.recipient == "client",
            Notification.channel == "mail",
            Notification.status != "dropped",
        )
        # The demo's own sessions first, then those that users have booked.
        .order_by(Notification.send_at, Notification.id)
    )
    links = LinkTokens(settings.keys)
    tokens = {found: (await sign_link(db, HARBOR, found, links)).token for found in mailed if found}
    return [
        {
            "session_id": str(session_id),
            "token": token,
            "url": link_url(settings.portal_url, token),
        }
        for session_id, token in tokens.items()
    ]


def _tell(key: DemoKey) -> dict[str, str]:
    return {
        "practice": PRACTICES[key.staff.practice_id],
        "name": key.staff.key_name,
        "scope": key.staff.scope,
        "key": key.text,
    }


def _guide(
    facts: dict[str, Any], to_cancel: UUID, of_series: UUID, settings: Settings, now: datetime
) -> str:
    base, client = facts["base_url"], _main_client(facts)
    link, key = facts["links"][0], facts["api_keys"][0]
    return f"""
Reslot is about to serve three made-up practices on {base}

  The API, to read and to try:   {base}/docs
  Everything in one file:        {settings.data_dir / FILE}

As {client["email"]}, in another terminal:

  export TOKEN={client["access_token"]}
  curl -s -H "Authorization: Bearer $TOKEN" {base}/v1/sessions
  curl -s -H "Authorization: Bearer $TOKEN" {base}/v1/sessions/{to_cancel}
  curl -s -H "Authorization: Bearer $TOKEN" {base}/v1/sessions/{to_cancel}/availability
  curl -s -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
    -d '{{"reason": {{"code": "unwell", "note": "I have caught a cold."}}}}' \\
    {base}/v1/sessions/{to_cancel}/cancel

What it would cost them to cancel one session of a weekly series and all that follow:

  curl -s -H "Authorization: Bearer $TOKEN" "{base}/v1/sessions/{of_series}/scope?action=cancel"

The "Need to reschedule?" link of a mail, without a login:

  {link["url"]}
  curl -s -H "Content-Type: application/json" -d '{{"token": "{link["token"]}"}}' \\
    {base}/v1/links/open

As the own software of {key["practice"]}:

  export KEY={key["key"]}
  curl -s -H "Authorization: Bearer $KEY" {base}/v1/practice/sessions
  curl -s -H "Authorization: Bearer $KEY" "{base}/v1/practice/fees?status=due"
  curl -s -H "Authorization: Bearer $KEY" "{base}/v1/practice/fees?waiver=asked"
  curl -s -H "Authorization: Bearer $KEY" {base}/v1/practice/groups
  curl -s -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" \\
    -d '{_booking(now)}' \\
    {base}/v1/practice/sessions

Mails and text messages land in a folder:  .venv/bin/reslot mail      Stop with Ctrl-C.
"""


def _booking(now: datetime) -> str:
    """Return the body of a booking that is possible: at 10:00 on a day without sessions."""
    local = (now + timedelta(days=45)).astimezone(ZoneInfo(MAYA.zone))
    start = local.replace(hour=10, minute=0, second=0, microsecond=0)
    body = {
        "client_id": str(demo_id(MAIN_CLIENT)),
        "practitioner_id": str(MAYA.id),
        "service_id": str(FOLLOW_UP),
        "start": start.isoformat(),
        "format": "video",
    }
    return json.dumps(body)


def _main_client(facts: dict[str, Any]) -> dict[str, Any]:
    own_id = str(demo_id(MAIN_CLIENT))
    found: dict[str, Any] = next(c for c in facts["clients"] if c["id"] == own_id)
    return found
