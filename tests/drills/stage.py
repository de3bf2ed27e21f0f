"""A practice with a marker word in every column, and operations on it with more words."""

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from httpx import Response
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.configuration.settings import Settings
from app.database.transactions import transact
from app.identity.tokens.access import AccessTokens, Caller
from app.identity.tokens.waiver import WaiverLink, WaiverTokens, mark_of
from app.tables.practices import Client, Practice, Practitioner
from app.tables.sessions import Fee, Session
from app.worker.run import sweep
from tests.drills.canaries import columns, found_in
from tests.notifications.postbox import Postbox
from tests.notifications.receiver import Receiver
from tests.notifications.test_worker import no_jobs_due, working
from tests.patience import until
from tests.walls import Theirs, body_for, operations
from tests.world import NOW, Api, TestClock, media_type_of

BAD, HEADER = "qzbadinputqz", "qzheaderqz"
FREE = (
    "name", "email", "phone", "address", "text", "description", "note", "instructions",
    "video_url", "join_url", "url", "external_ref", "payment_reference", "reference",
)  # fmt: skip


def _kind(path: str) -> str:
    """Return an operation's subject: the last constant part of its path."""
    return [part for part in path.split("/") if "{" not in part and part != "by-ref"][-1]


SENT = {
    f"{kind}.{name}": f"qzsent{kind}{name}qz".replace("_", "").replace("-", "")
    for kind in {_kind(path) for _, path, _ in operations()}
    for name in FREE
}
# The client's final address: a request for a link with it gets one.
KNOWN = f"{SENT['clients.email']}@client.example"


@dataclass
class Stage:
    """A practice with a marker word in each column, and all its callers."""

    theirs: Theirs
    api: Api
    settings: Settings
    owner: AsyncEngine
    clock: TestClock
    postbox: Postbox
    receiver: Receiver

    @property
    def engine(self) -> AsyncEngine:
        return self.theirs.world.engine

    async def client_token(self) -> str:
        """Sign a new access token for the client, who has signed out everywhere."""
        world = self.theirs.world
        (client,) = await world.rows(Client, id=world.client_id)
        caller = Caller(world.practice_id, client.id, client.token_generation)
        return AccessTokens(world.settings.keys).sign(caller, NOW + timedelta(days=1))

    async def waiver_token(self) -> str:
        """Sign the token with which the practitioner answers the waiver, as it is valid now."""
        world = self.theirs.world
        fee_id = UUID(self.theirs.ids["fee_id"])
        (practitioner,) = await world.rows(Practitioner, id=world.practitioner_id)
        (practice,) = await world.rows(Practice)
        (fee,) = await world.rows(Fee, id=fee_id)
        (session,) = await world.rows(Session, id=fee.session_id)
        mark = mark_of(practitioner.email or practice.email)
        link = WaiverLink(world.practice_id, fee_id, session.link_generation, mark)
        return WaiverTokens(world.settings.keys).sign(link)

    async def work(self) -> None:
        """Let the worker attempt everything that waits, once."""
        async with self.owner.begin() as db:
            await db.execute(
                text("UPDATE notifications SET attempt_at = send_at WHERE attempts > 0")
            )
            await db.execute(text("UPDATE sign_in_requests SET attempt_at = requested_at"))
        await transact(self.engine, partial(sweep, now=self.clock()))
        async with working(self.settings, self.engine, self.clock):
            await until(lambda: no_jobs_due(self.engine))


async def exercise(stage: Stage) -> list[Response]:
    """Call each operation with valid input, and then with invalid input."""
    answers = []
    ordered = sorted(operations(), key=lambda found: (found[0] == "delete", "out" in found[1]))
    for number, (method, path, operation) in enumerate(ordered):
        headers = await _headers(stage, operation, number)
        body = body_for(operation, stage.theirs.ids)
        content: bytes | str | None = None
        if isinstance(body, bytes):
            headers["Content-Type"] = media_type_of(body)
            # Lines of JSON: the words are in the first one. A picture and a form have none.
            is_lines = headers["Content-Type"] == "application/x-ndjson"
            content, body = body, json.loads(body.splitlines()[0]) if is_lines else None
        if body is not None:
            body = _with_words(body, stage.receiver.url, _kind(path))
            content = json.dumps(body)
        address = path.format(**_ids(stage, path))
        answer = await stage.api.http.request(method, address, content=content, headers=headers)
        refusals = {401, 403, 404} if operation["security"] else set()
        assert answer.status_code not in refusals, (method, path, answer.text)
        assert answer.status_code < 500, (method, path, answer.text)
        answers += [answer, *await _call_badly(stage, method, path, body, headers)]
    return answers


async def _call_badly(
    stage: Stage, method: str, path: str, body: Any, headers: dict[str, str]
) -> list[Response]:
    """Put a word into every place that accepts text."""
    names = re.findall(r"\{(\w+)\}", path)
    strange = path.format(**dict.fromkeys(names, BAD))
    query = f"?{BAD}={BAD}&cursor={BAD}&time_zone={BAD}&from={BAD}&email={BAD}&limit={BAD}"
    address = path.format(**_ids(stage, path))
    bodies = [None] if body is None else [
        json.dumps(dict.fromkeys(body, BAD) | {BAD: BAD}),
        json.dumps(body | {BAD: {BAD: BAD}}),
        f'{{"{BAD}": {BAD}',
    ]  # fmt: skip
    headers = headers | {"If-Match": f'"{HEADER}"', "Idempotency-Key": HEADER * 30}
    answers = []
    for target in (address + query, strange, strange + query):
        for content in bodies:
            answer = await stage.api.http.request(method, target, content=content, headers=headers)
            assert answer.status_code < 500, (method, path, answer.text)
            answers.append(answer)
    return answers


async def _headers(stage: Stage, operation: dict[str, Any], number: int) -> dict[str, str]:
    token = stage.api.token
    if "AccessToken" in str(operation["security"]):
        token = await stage.client_token()
    if "WaiverToken" in str(operation["security"]):
        token = await stage.waiver_token()
    return {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Idempotency-Key": f"{HEADER}-{number}",
        "User-Agent": HEADER,
        "Referer": f"https://client.example/{HEADER}",
        "X-Request-Id": HEADER,
    }


def _ids(stage: Stage, path: str) -> dict[str, str]:
    """Return the values of a path's parameters, including words in present records."""
    named = {"time-off": "busy_intervals", "webhook-endpoints": "webhook_endpoints"}
    (kind,) = re.findall(r"/([\w-]+)/by-ref", path) or ["clients"]
    words = columns()
    ids = stage.theirs.ids
    feed_id = ids["own_feed_id" if path.startswith("/v1/feeds") else "feed_id"]
    return ids | {
        "feed_id": feed_id,
        "external_ref": words[f"{named.get(kind, kind)}.external_ref"],
        "source": words["busy_intervals.source"],
    }


def _with_words(value: Any, receiver: str, kind: str, name: str = "") -> Any:
    """Put words into all free-text fields, and keep the rest."""
    if isinstance(value, dict):
        return {key: _with_words(part, receiver, kind, key) for key, part in value.items()}
    if isinstance(value, list):
        return [_with_words(part, receiver, kind, name) for part in value]
    if not isinstance(value, str) or name not in FREE:
        return value
    word = SENT[f"{kind}.{name}"]
    special = {
        "email": f"{word}@client.example",
        "url": f"{receiver}&{word}",
        "video_url": f"https://video.example/{word}",
    }
    return special.get(name, word)


async def break_and_send(stage: Stage) -> None:
    """Send everything: first with a broken table, then to servers that refuse."""
    stage.receiver.status = 500
    stage.postbox.refusal = f"450 4.2.1 <{KNOWN}> qzsmtpanswerqz"
    await stage.api.post("/v1/auth/sign-in-links", {"email": KNOWN})
    async with stage.owner.begin() as db:
        await db.execute(text("ALTER TABLE change_notes RENAME COLUMN note TO broken"))
    session_id, client = stage.theirs.ids["session_id"], await stage.client_token()
    asked = {"reason": {"note": BAD}, "quote": BAD}
    broken = await stage.api.signed_in(client).post(f"/v1/sessions/{session_id}/cancel", asked)
    assert (broken.status_code, broken.json()["code"]) == (500, "internal-error")
    assert found_in(columns() | {"bad": BAD}, broken.text) == set()
    await stage.work()
    async with stage.owner.begin() as db:
        await db.execute(text("ALTER TABLE change_notes RENAME COLUMN broken TO note"))
    await stage.work()
    stage.receiver.status, stage.postbox.refusal = 204, None
    await stage.work()
    assert len(stage.postbox.mails) > 5
    assert len(stage.receiver.received) > 5
