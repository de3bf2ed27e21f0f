"""The floor of sending: a loop that reads, renders and sends mails, or posts events, nothing else.

It locks nothing, marks nothing and retries nothing. It runs as a process of its own, as a worker
does.
"""

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit
from uuid import UUID

import aiosmtplib
import asyncpg
import httpcore2
from pydantic import SecretStr

from app.clock import system_clock
from app.configuration.settings import Settings
from app.database.engine import create_engine
from app.database.transactions import read_connection
from app.notifications.mail.message import make_mail
from app.notifications.mail.queries import load_mail_data
from app.webhooks.delivery import signed_headers
from app.webhooks.payload import load_events
from app.worker.run import worker_pool_size

WORK = "BENCH_WORK"

Ids = Iterator[tuple[UUID, UUID]]


async def _send_mails(settings: Settings, ids: Ids, connections: int) -> None:
    engine = create_engine(settings.service_url, pool_size=connections)
    assert settings.smtp_url is not None
    server = urlsplit(settings.smtp_url.get_secret_value())

    async def one_connection() -> None:
        smtp = aiosmtplib.SMTP(hostname=server.hostname, port=server.port, start_tls=False)
        async with smtp, read_connection(engine) as db:
            for practice_id, notification_id in ids:
                data = await load_mail_data(db, practice_id, notification_id)
                assert data is not None
                await smtp.send_message(make_mail(data, settings, system_clock()))

    await asyncio.gather(*(one_connection() for _ in range(connections)))
    await engine.dispose()


async def _post_events(settings: Settings, ids: Ids, connections: int) -> None:
    engine = create_engine(settings.service_url, pool_size=worker_pool_size(settings))

    async def one_connection() -> None:
        async with httpcore2.AsyncConnectionPool() as pool:
            for practice_id, notification_id in ids:
                async with read_connection(engine) as db:
                    (event,) = await load_events(db, [(practice_id, notification_id)])
                assert event is not None
                headers = signed_headers(event, system_clock())
                await pool.request(
                    "POST", event.url, headers=list(headers.items()), content=event.body.encode()
                )

    await asyncio.gather(*(one_connection() for _ in range(connections)))
    await engine.dispose()


async def _work(
    url: str, smtp_url: str, key: str, kind: str, connections: int, part: int, parts: int
) -> None:
    settings = Settings(
        _env_file=None,
        database_url=SecretStr(url),
        smtp_url=SecretStr(smtp_url),
        secret_keys=(SecretStr(key),),
    )
    db = await asyncpg.connect(url)
    rows = await db.fetch(
        "SELECT practice_id, id FROM notifications WHERE status = 'pending' AND attempt_at < now()"
        " ORDER BY id"
    )
    await db.close()
    send = _send_mails if kind == "mails" else _post_events
    await send(settings, iter([(row[0], row[1]) for row in rows[part::parts]]), connections)


async def run_floor(**work: object) -> None:
    """Run one process of the floor until it has sent its part.

    `work` is what `_work` takes.
    """
    environment = {**os.environ, WORK: json.dumps(work)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.sending_floor", env=environment
    )
    assert await process.wait() == 0


if __name__ == "__main__":
    asyncio.run(_work(**json.loads(os.environ[WORK])))
