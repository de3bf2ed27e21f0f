"""From an empty database to a waived fee, with only the command line and the public API.

Processes, SMTP server and webhook receiver are real. Each mail and each event must arrive once.
"""

import asyncio
import json
import os
import re
import signal
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from httpx import AsyncClient, Response, TransportError
from standardwebhooks import Webhook

from app.clock import system_clock
from app.database.embedded import OWNER, SERVICE, EmbeddedServer
from tests.fixtures.database import KEY
from tests.notifications.postbox import Postbox
from tests.notifications.receiver import Receiver
from tests.patience import until

pytestmark = pytest.mark.slow

REASON = {"code": "work", "note": "A meeting was put on this hour."}
WHOLE_WEEK = [{"weekday": day, "start": "00:00", "end": "24:00"} for day in range(1, 8)]
# Moving is free; cancelling costs a fee from one month before the start.
RULES = {
    "cancel": {"fees": [{"deadline": {"before_minutes": 43_200}, "amount_minor": 4500}]},
    "reschedule": {"fees": []},
}


@pytest.fixture
async def environment(server: EmbeddedServer, tmp_path: Path) -> AsyncIterator[dict[str, str]]:
    """An operator's shell: an empty database, two roles, a key, a free port."""
    name = f"nothing_{uuid4().hex}"
    admin = await asyncpg.connect(server.url("postgres", "postgres"))
    await admin.execute(f"CREATE DATABASE {name} OWNER {OWNER}")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    yield os.environ | {
        "DATABASE_URL": server.url(SERVICE, name),
        "DATABASE_OWNER_URL": server.url(OWNER, name),
        "SECRET_KEYS": KEY,
        "DATA_DIR": str(tmp_path),
        "PORT": str(port),
        "WEBHOOK_INSECURE_TARGETS": "true",
        "MAIL_FROM": "no-reply@reslot.example",
    }
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@pytest.fixture
async def postbox() -> AsyncIterator[Postbox]:
    box = Postbox()
    await box.open()
    yield box
    await box.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    await made.open()
    yield made
    await made.close()


async def start(environment: dict[str, str], *arguments: str) -> asyncio.subprocess.Process:
    program = (sys.executable, "-c", "from app.cli import main; main()")
    return await asyncio.create_subprocess_exec(
        *program, *arguments, env=environment, stdout=asyncio.subprocess.PIPE
    )


async def reslot(environment: dict[str, str], *arguments: str) -> str:
    """Run the command to its end and return its output."""
    process = await start(environment, *arguments)
    printed, _ = await process.communicate()
    assert process.returncode == 0
    return printed.decode().strip()


class Caller:
    """Calls the server with one token and fails if a response is not a success."""

    def __init__(self, http: AsyncClient, token: str | None = None) -> None:
        self._http = http
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}

    async def get(self, path: str, **query: Any) -> Any:
        return self._json(await self._http.get(path, params=query, headers=self._headers))

    async def post(self, path: str, body: Any) -> Any:
        return self._json(await self._http.post(path, json=body, headers=self._headers))

    async def put(self, path: str, body: Any) -> Any:
        return self._json(await self._http.put(path, json=body, headers=self._headers))

    @staticmethod
    def _json(answer: Response) -> Any:
        assert answer.is_success, answer.text
        return answer.json()


@pytest.fixture
async def http(environment: dict[str, str], postbox: Postbox) -> AsyncIterator[AsyncClient]:
    """Migrate the empty database and serve, with the worker in the same process."""
    await reslot(environment, "migrate")
    process = await start(environment | {"SMTP_URL": postbox.url}, "serve")
    async with AsyncClient(base_url=f"http://127.0.0.1:{environment['PORT']}") as made:
        await until(partial(is_ready, made))
        yield made
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0


async def is_ready(http: AsyncClient) -> bool:
    with suppress(TransportError):
        return (await http.get("/readyz")).is_success
    return False


async def build(staff: Caller, hooks: str) -> tuple[dict[str, str], str]:
    """Create what a booking needs, and a webhook endpoint; return a booking and the secret."""
    practice = "/v1/practice"
    practitioner = await staff.put(
        f"{practice}/practitioners/by-ref/staff-1",
        {
            "name": "Dr. Maya Chen",
            "email": "maya@lake.example",
            "time_zone": "America/Denver",
            "video_url": "https://video.example/maya",
        },
    )
    path = f"{practice}/practitioners/{practitioner['id']}/working-hours"
    await staff.put(path, {"items": WHOLE_WEEK})
    service = await staff.put(
        f"{practice}/services/by-ref/follow-up",
        {
            "name": "Follow-up",
            "duration_minutes": 50,
            "price": {"amount_minor": 12000, "currency": "EUR"},
            "reminder_minutes": [60],
            "formats": [{"kind": "video"}, {"kind": "phone"}],
        },
    )
    client = await staff.put(
        f"{practice}/clients/by-ref/crm-7",
        {
            "name": "Ana Ruiz",
            "email": "ana@client.example",
            "time_zone": "Europe/Madrid",
            "locale": "es-ES",
        },
    )
    await staff.post(f"{practice}/policies", {"text": "A month ahead, please.", "rules": RULES})
    endpoint = await staff.post(f"{practice}/webhook-endpoints", {"url": hooks})
    tomorrow = system_clock().replace(minute=0, second=0, microsecond=0) + timedelta(days=1)
    booking = {
        "client_id": client["id"],
        "practitioner_id": practitioner["id"],
        "service_id": service["id"],
        "start": tomorrow.isoformat(),
        "format": "video",
        "external_ref": "visit-1",
    }
    return booking, endpoint["secret"]


async def has_signed_in(http: AsyncClient, token: str, answers: list[Any]) -> bool:
    """Exchange the token of a sign-in link; add the answer to the list if it is a success."""
    answer = await http.post("/v1/auth/tokens", json={"token": token})
    if answer.is_success:
        answers.append(answer.json())
    return answer.is_success


def token_in(postbox: Postbox, number: int, marker: str) -> str:
    """Find the token behind the marker in the latest mail to the client."""
    body = postbox.mails[number].get_body(("plain",))
    assert body is not None
    found = re.search(rf"/portal/{marker}([^\s&]+)", body.get_content())
    assert found is not None
    return found[1]


async def test_every_mail_and_event_is_sent_once(
    environment: dict[str, str], http: AsyncClient, postbox: Postbox, receiver: Receiver
) -> None:
    words = ("--name", "Lake", "--currency", "EUR", "--email", "hello@lake.example")
    practice_id = await reslot(environment, "practice", "create", *words)
    words = ("--practice", practice_id, "--name", "Practice software", "--scope", "admin")
    staff = Caller(http, await reslot(environment, "keys", "create", *words))
    booking, secret = await build(staff, receiver.url)

    booked = await staff.post("/v1/practice/sessions", booking)
    path = f"/v1/sessions/{booked['session']['id']}"
    await postbox.wait_for(2)

    # The client signs in by mail.
    await Caller(http).post("/v1/auth/sign-in-links", {"email": "Ana@client.example"})
    await postbox.wait_for(3)
    token = token_in(postbox, 2, "#sign-in=")
    # The link works once the worker has committed, just after the mail server has the mail.
    answers: list[Any] = []
    await until(partial(has_signed_in, http, token, answers))
    (signed_in,) = answers
    client = Caller(http, signed_in["access_token"])
    (listed,) = (await client.get("/v1/sessions"))["items"]
    assert listed["id"] == booked["session"]["id"]

    # The client moves the session by the link in the booking's email.
    to_client = next(n for n, mail in enumerate(postbox.mails) if "ana@" in mail["To"])
    opened = await Caller(http).post("/v1/links/open", {"token": token_in(postbox, to_client, "#")})
    guest = Caller(http, opened["access_token"])
    days = (await guest.get(f"{path}/availability"))["days"]
    slot = days[3]["slots"][0]
    quote = (await guest.get(path))["actions"]["reschedule"]["quote"]
    body = {"start": slot["start"], "format": "video", "reason": REASON, "quote": quote}
    moved = await guest.post(f"{path}/reschedule", body)
    assert (moved["fee"], moved["session"]["version"]) == (None, 2)
    await postbox.wait_for(5)

    # The client cancels late and pays the fee that was shown.
    cancel = (await client.get(path))["actions"]["cancel"]
    assert cancel["fee"] == {"amount_minor": 4500, "currency": "EUR", "decimals": 2}
    done = await client.post(f"{path}/cancel", {"reason": REASON, "quote": cancel["quote"]})
    assert done["fee"] == cancel["fee"]
    (fee,) = (await client.get("/v1/fees"))["items"]
    assert fee["status"] == "due"
    await postbox.wait_for(7)

    # Staff waive the fee.
    waived = await staff.post(
        f"/v1/practice/fees/{fee['id']}/waive", {"reason": {"note": "She was in hospital."}}
    )
    assert waived["status"] == "waived"
    await postbox.wait_for(8)
    await receiver.wait_for(5)

    check_mails(postbox)
    check_webhooks(receiver, secret, booked["session"]["id"])
    await check_notifications(staff)
    await check_trail(staff, booked["session"]["id"])


def check_mails(postbox: Postbox) -> None:
    to = Counter(mail["To"].addresses[0].addr_spec for mail in postbox.mails)
    assert to == {"ana@client.example": 5, "maya@lake.example": 3}
    assert len({mail["Message-ID"] for mail in postbox.mails}) == len(postbox.mails)
    languages = {
        mail["To"].addresses[0].addr_spec: mail["Content-Language"] for mail in postbox.mails
    }
    assert languages == {"ana@client.example": "es-ES", "maya@lake.example": "en-US"}


def check_webhooks(receiver: Receiver, secret: str, session_id: str) -> None:
    events: Counter[str] = Counter()
    for received in receiver.received:
        event = Webhook(secret).verify(received.body, received.headers)
        assert event["data"]["session_id"] == session_id
        events[event["type"]] += 1
    assert events == dict.fromkeys(
        [
            "session.booked",
            "session.rescheduled",
            "session.cancelled",
            "fee.recorded",
            "fee.waived",
        ],
        1,
    )
    assert "hospital" not in json.dumps([received.body for received in receiver.received])


async def check_notifications(staff: Caller) -> None:
    async def are_sent() -> bool:
        return not (await staff.get("/v1/practice/notifications", status="pending"))["items"]

    # The worker records the sending shortly after the mail has arrived.
    await until(are_sent)
    found = (await staff.get("/v1/practice/notifications", limit=100))["items"]
    states = Counter((item["kind"], item["recipient"], item["status"]) for item in found)
    assert states == {
        ("booked", "client", "sent"): 1,
        ("booked", "practitioner", "sent"): 1,
        ("rescheduled", "client", "sent"): 1,
        ("rescheduled", "practitioner", "sent"): 1,
        ("cancelled", "client", "sent"): 1,
        ("cancelled", "practitioner", "sent"): 1,
        ("fee_waived", "client", "sent"): 1,
        ("reminder", "client", "dropped"): 2,
        ("session.booked", "webhook", "sent"): 1,
        ("session.rescheduled", "webhook", "sent"): 1,
        ("session.cancelled", "webhook", "sent"): 1,
        ("fee.recorded", "webhook", "sent"): 1,
        ("fee.waived", "webhook", "sent"): 1,
    }


async def check_trail(staff: Caller, session_id: str) -> None:
    found = (await staff.get("/v1/practice/changes", limit=100))["items"]
    entries = Counter((item["by"]["kind"], item["kind"], item["subject"]) for item in found)
    assert entries == {
        ("operator", "created", "practice"): 1,
        ("operator", "created", "api_key"): 1,
        ("practice", "created", "practitioner"): 1,
        ("practice", "updated", "working_hours"): 1,
        ("practice", "created", "service"): 1,
        ("practice", "created", "client"): 1,
        ("practice", "created", "policy"): 1,
        ("practice", "created", "webhook_endpoint"): 1,
        ("practice", "booked", "session"): 1,
        ("link", "rescheduled", "session"): 1,
        ("client", "cancelled", "session"): 1,
        ("practice", "fee_waived", "fee"): 1,
    }
    of_session = [item for item in found if item["session_id"] == session_id]
    assert len(of_session) == 4
    assert {item["by"]["origin"] for item in of_session} == {"127.0.0.1"}
    waived = next(item for item in of_session if item["kind"] == "fee_waived")
    assert waived["by"]["name"] == "Practice software"
    assert waived["reason"]["note"] == "She was in hospital."
    assert datetime.fromisoformat(waived["at"]).astimezone(UTC) <= system_clock()
