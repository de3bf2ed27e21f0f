"""Drill 10: typed text is only in its table, in responses to its author, and in mails.

Every text column and every request holds its own marker word. Every operation is called with valid
and invalid input, mails and webhooks are sent over real sockets, and the database and the mail
server fail; then all output of the service is searched for the words.
"""

import base64
import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from email.message import EmailMessage

import pytest
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from app.configuration.settings import Settings
from app.tables.all import metadata
from app.tables.practices import BusyInterval
from tests.drills.canaries import columns, dump, found_in, plant
from tests.drills.stage import BAD, HEADER, SENT, Stage, break_and_send, exercise
from tests.notifications.postbox import Postbox
from tests.notifications.receiver import Receiver
from tests.server_logs import server_logs
from tests.walls import START, fill
from tests.world import TestClock, World, serve

TOKEN = "qzmetricstokenqz"
TABLES_OF_JOBS = ("pgqueuer", "pgqueuer_log", "pgqueuer_schedules")
# What a webhook holds: ids, and the practice's own references.
IN_WEBHOOKS = ".external_ref"
IN_SUBJECTS = {"services.name", "practitioners.name", "practices.name", "clients.name"}
IN_CALENDARS = IN_SUBJECTS | {
    "clients.email", "practitioners.email", "practices.email", "locations.name",
    "locations.address", "sessions.join_url", "sessions.instructions", "practitioners.video_url",
    "service_formats.instructions", "practitioners.phone", "groups.join_url", "groups.instructions",
}  # fmt: skip
IN_URLS = {"sessions.join_url", "practitioners.video_url", "groups.join_url"}
# The audit log keeps names of keys and calendars: they are not personal and cannot be erased.
IN_COLUMNS: dict[str, set[str]] = {
    "notifications.last_error": set(),
    "idempotency_keys.scope": set(),
    "changes.details": {"api_keys.name", "keys.name", "busy_intervals.source"},
}
_SENT = " (sent)"
_TOKEN = re.compile(r"[\w-]{20,}\.[\w-]{64}")
_URL = re.compile(r"https?://[^\s\"<>]+")


@pytest.fixture
async def stage(
    engine: AsyncEngine, owner_engine: AsyncEngine, settings: Settings
) -> AsyncIterator[Stage]:
    postbox, receiver, clock = Postbox(), Receiver(), TestClock()
    await postbox.open()
    await receiver.open()
    known = settings.model_copy(
        update={
            "smtp_url": SecretStr(postbox.url),
            "metrics_token": SecretStr(TOKEN),
            "webhook_insecure_targets": True,
        }
    )
    world = await World(engine, known).build()
    async with serve(known, clock) as api:
        staff = api.signed_in(await world.key())
        theirs = await fill(staff, world)
        await world.add(
            BusyInterval,
            practitioner_id=world.practitioner_id,
            kind="external",
            source="calendar",
            starts_at=START + timedelta(days=20),
            ends_at=START + timedelta(days=21),
        )
        await api.post("/v1/auth/sign-in-links", {"email": "nobody@client.example"})
        await plant(owner_engine, receiver.url)
        staff.token = await world.key(name="qzcallingkeyqz")
        yield Stage(theirs, staff, known, owner_engine, clock, postbox, receiver)
    await postbox.close()
    await receiver.close()


@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
def test_a_word_is_found_in_every_encoding(before: str) -> None:
    word = "qzclientsnameqz"
    for spelling in (word, word.upper(), word.encode().hex(), word.replace("z", "%7A")):
        assert found_in({"word": word}, f"{before}{spelling}.") == {"word"}
    encoded = base64.urlsafe_b64encode(f"{before}{word}?>".encode()).decode()
    assert found_in({"word": word}, encoded) == {"word"}
    assert found_in({"word": word}, f"{before}qzclientsnam") == set()


async def test_every_word_is_in_its_table(stage: Stage) -> None:
    """The control: a word that was not written could not leak."""
    found = await dump(stage.owner, metadata.tables)
    for name, word in columns().items():
        assert found_in({name: word}, found[name.partition(".")[0]]), name


@pytest.mark.slow
async def test_typed_text_is_nowhere_else(stage: Stage, capfd: pytest.CaptureFixture[str]) -> None:
    words = columns() | {f"{name}{_SENT}": word for name, word in SENT.items()}
    words |= {"bad": BAD, "header": HEADER, "metrics": TOKEN}
    world = stage.theirs.world
    secret = (await dump(stage.owner, ["webhook_endpoints"]))["webhook_endpoints"]
    words |= {
        "access token": world.token(),
        "link": world.link_token(world.client_id).partition(".")[0],
        "calling key": (stage.api.token or "")[-43:],
        "signing key": world.settings.keys[0],
        "webhook secret": re.findall(r"whsec_\S+", secret)[0],
        "mail server": "qzsmtpanswerqz",
        "receiver": "secret answer",
    }
    with server_logs(stage.settings) as written:
        answers = await exercise(stage)
        await break_and_send(stage)
        metrics = await stage.api.http.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert {answer.status_code for answer in answers} >= {200, 201, 202, 204, 404, 422}
    logs = written.getvalue()
    assert logs.count('"route"') > 300
    for event in ("internal_error", "notification_delayed", "webhook_delayed", "sign_in_delayed"):
        assert event in logs
    assert found_in(words, logs) == set()
    captured = capfd.readouterr()
    assert found_in(words, captured.out + captured.err) == set()
    assert "reslot_requests" in metrics.text
    assert found_in(words, metrics.text) == set()
    await _look_into_tables(stage, words)
    _look_into_webhooks(stage.receiver, words)
    told = [_look_into_mail(mail, words) for mail in stage.postbox.mails]
    assert {"services.name", "sessions.join_url"} <= set.union(*told)


async def _look_into_tables(stage: Stage, words: dict[str, str]) -> None:
    found = await dump(stage.owner, TABLES_OF_JOBS)
    assert found["pgqueuer_log"]
    for name in TABLES_OF_JOBS:
        assert found_in(words, found[name]) == set(), name
    for column, allowed in IN_COLUMNS.items():
        table, _, name = column.partition(".")
        async with stage.owner.connect() as db:
            rows = await db.exec_driver_sql(f"SELECT {name} FROM {table}")  # noqa: S608 - our own
            written = "\n".join(str(value) for value in rows.scalars() if value is not None)
        assert written, column
        assert _names(words, written) <= allowed, column


def _look_into_webhooks(receiver: Receiver, words: dict[str, str]) -> None:
    """Search everything but the request line, which is the URL that the practice set."""
    for received in receiver.received:
        told = json.dumps(received.headers) + received.body
        assert all(name.endswith(IN_WEBHOOKS) for name in _names(words, told)), told


def _look_into_mail(mail: EmailMessage, words: dict[str, str]) -> set[str]:
    """Search a mail's subject, links and calendar; return the words found."""
    told = _names(words, str(mail["Subject"]))
    assert told <= IN_SUBJECTS
    for part in mail.walk():
        if part.get_content_type() == "text/calendar":
            calendar = _names(words, part.get_content().replace("\r\n ", ""))
            assert calendar <= IN_CALENDARS
            told |= calendar
        elif part.get_content_maintype() == "text":
            for url in _URL.findall(part.get_content()):
                before, _, _ = url.partition("#")
                assert not _TOKEN.search(before), before
                assert _names(words, before) <= IN_URLS
    return told


def _names(words: dict[str, str], written: str) -> set[str]:
    """Name the found words by their columns, whether stored or sent."""
    return {name.removesuffix(_SENT) for name in found_in(words, written)}
