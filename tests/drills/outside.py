"""The mail servers and webhook receivers of the service, and what staff see of them."""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from httpx import AsyncClient

from tests.drills.faulty_postbox import FaultyPostbox
from tests.drills.traffic import PATIENCE_SECONDS
from tests.notifications.receiver import Receiver

METRICS_TOKEN = "a-token-for-the-figures"
HURRIED_AT_ONCE = 50
POLL_SECONDS = 0.5


@dataclass
class Outside:
    """The mail servers and webhook receivers, and the practice's view of them."""

    postbox: FaultyPostbox
    receivers: dict[str, Receiver]
    staff: AsyncClient
    endpoints: dict[str, str] = field(default_factory=dict)

    async def listen(self) -> None:
        """Create the practice's webhook endpoints."""
        for name, receiver in self.receivers.items():
            made = await self.staff.post(
                "/v1/practice/webhook-endpoints", json={"url": receiver.url}
            )
            self.endpoints[name] = made.json()["id"]

    async def notifications(self, **query: str) -> list[dict[str, Any]]:
        """List notifications, all pages of them."""
        found: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            answer = await self.staff.get(
                "/v1/practice/notifications", params={"limit": "100", **query, **cursor}
            )
            assert answer.is_success, answer.text
            page = answer.json()
            found += page["items"]
            if page["next_cursor"] is None:
                return found
            cursor = {"cursor": page["next_cursor"]}

    async def retry(self, notifications: list[dict[str, Any]]) -> None:
        """Retry notifications at once; one that was sent in the meantime gets a 409."""
        for notification in notifications:
            answer = await self.staff.post(f"/v1/practice/notifications/{notification['id']}/retry")
            assert answer.status_code in {200, 409}, answer.text

    def told(self, name: str) -> Counter[tuple[str, int]]:
        """Count the events that a receiver accepted, by change."""
        events = [
            json.loads(received.body)["data"]
            for status, received in self.receivers[name].answered
            if status < 300
        ]
        return Counter((event["session_id"], event["version"]) for event in events)

    def mails(self) -> Counter[str]:
        """Count the mails that were accepted, by Message-ID."""
        return Counter(mail["Message-ID"] for mail in self.postbox.mails)

    def mend(self) -> None:
        """Let all receivers and mail servers work without faults again."""
        for receiver in self.receivers.values():
            receiver.status, receiver.hangs_up = 204, False
            if receiver.go_on is not None:
                receiver.go_on.set()

    async def drain(self) -> None:
        """Wait until nothing is pending. Retry what has waited longest, as staff would."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while pending := await self.notifications(status="pending"):
                await self.retry(pending[-HURRIED_AT_ONCE:])
                await asyncio.sleep(POLL_SECONDS)


async def failed_ones(outside: Outside, url: str) -> list[dict[str, Any]]:
    """Read the failed notifications, as the practice and as the operator see them."""
    failed = await outside.notifications(status="failed")
    assert {(notification["recipient"], notification["last_error"]) for notification in failed} == {
        ("client", "UndeliverableError 550")
    }
    async with AsyncClient(headers={"Authorization": f"Bearer {METRICS_TOKEN}"}) as http:
        figures = (await http.get(f"{url}/metrics")).text
    assert f'reslot_outbox_failed{{recipient="client"}} {len(failed)}.0\n' in figures
    return failed


def mail_id(notification: dict[str, Any]) -> str:
    """Return the Message-ID of a notification's mail."""
    return f"<{notification['id']}@reslot.example>"
