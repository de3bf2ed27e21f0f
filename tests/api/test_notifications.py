"""A practice lists its notifications (mails and webhooks) and retries one."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.configuration.settings import Settings
from app.identity.api_keys.keys import Scope
from app.tables.notifications import Notification
from app.tables.webhooks import WebhookEndpoint
from tests.world import NOW, Api, World

PATH = "/v1/practice/notifications"
START = NOW + timedelta(days=3)


async def notification(world: World, **equal: Any) -> Any:
    (row,) = await world.rows(Notification, **equal)
    return row


async def job(engine: AsyncEngine, notification_id: UUID) -> Any:
    async with engine.connect() as db:
        found = await db.execute(
            text(
                "SELECT status::text, execute_after <= now() AS due, entrypoint"
                " FROM pgqueuer WHERE dedupe_key LIKE :of ORDER BY execute_after LIMIT 1"
            ),
            {"of": f"{notification_id}/%"},
        )
        return found.one()


async def lose_jobs(engine: AsyncEngine, notification_id: UUID) -> int:
    """Delete the jobs of a notification, and return how many there were."""
    lost = text("DELETE FROM pgqueuer WHERE dedupe_key LIKE :of")
    async with engine.begin() as db:
        return (await db.execute(lost, {"of": f"{notification_id}/%"})).rowcount


async def test_a_booking_lists_its_notifications(staff: Api, world: World) -> None:
    endpoint_id = await world.add(WebhookEndpoint, url="https://x.example", events=[], secret="s")
    session_id = await world.book(START)
    found = (await staff.get(PATH)).json()
    assert found["items"][0]["kind"] == "reminder"
    assert {(item["kind"], item["recipient"]) for item in found["items"]} == {
        ("booked", "client"),
        ("booked", "practitioner"),
        ("reminder", "client"),
        ("session.booked", "webhook"),
    }
    event = next(item for item in found["items"] if item["recipient"] == "webhook")
    row = await notification(world, recipient="webhook")
    assert event == {
        "id": str(row.id),
        "kind": "session.booked",
        "recipient": "webhook",
        "channel": "webhook",
        "session_id": str(session_id),
        "change_id": str(row.change_id),
        "endpoint_id": str(endpoint_id),
        "starts_at": "2026-12-03T15:00:00Z",
        "send_at": "2026-11-30T15:00:00Z",
        "status": "pending",
        "attempts": 0,
        "last_error": None,
        "finished_at": None,
        "delivered_at": None,
    }
    assert (await staff.get(f"{PATH}/{row.id}")).json() == event


async def test_each_filter_finds_its_notifications(staff: Api, world: World) -> None:
    endpoint_id = await world.add(WebhookEndpoint, url="https://x.example", events=[], secret="s")
    first, second = await world.book(START), await world.book(START + timedelta(days=1))
    failed = (await world.rows(Notification, recipient="practitioner", session_id=first))[0]
    await world.change(Notification, failed.id, status="failed", finished_at=NOW)

    async def count(**query: Any) -> int:
        return len((await staff.get(PATH, **query)).json()["items"])

    assert await count() == 8
    assert await count(status="failed") == 1
    assert await count(status="pending", session=str(first)) == 3
    assert await count(recipient="webhook") == await count(endpoint=str(endpoint_id)) == 2
    assert await count(kind="reminder") == 2
    assert await count(session=str(second), kind="session.booked") == 1
    due = START - timedelta(days=1)
    assert await count(**{"from": due.isoformat()}) == 2
    later = (due + timedelta(days=1)).isoformat()
    assert await count(**{"from": due.isoformat(), "to": later}) == 1
    assert await count(to=NOW.isoformat()) == 0
    assert await count(session=str(uuid4())) == 0


async def test_pages_follow_each_other_latest_first(staff: Api, world: World) -> None:
    for days in range(3):
        await world.book(START + timedelta(days=days), now=NOW + timedelta(minutes=days))
    seen: list[Any] = []
    query: dict[str, Any] = {"limit": 4}
    while query.get("cursor", "") is not None:
        page = (await staff.get(PATH, **query)).json()
        seen += page["items"]
        query["cursor"] = page["next_cursor"]
    assert len({item["id"] for item in seen}) == len(seen) == 9
    assert [item["send_at"] for item in seen] == sorted(
        (item["send_at"] for item in seen), reverse=True
    )


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ({"status": "lost"}, "status"),
        ({"recipient": "everybody"}, "recipient"),
        ({"kind": "a\x00"}, "kind"),
        ({"session": "7"}, "session"),
        ({"from": "yesterday"}, "from"),
        ({"to": "2026-12-01"}, "to"),
        ({"limit": 101}, "limit"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_a_bad_filter_is_named(staff: Api, query: dict[str, Any], name: str) -> None:
    answer = await staff.get(PATH, **query)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"/{name}"]


async def test_a_cursor_is_good_for_its_own_filters_only(staff: Api, world: World) -> None:
    await world.book(START)
    cursor = (await staff.get(PATH, limit=1)).json()["next_cursor"]
    answer = await staff.get(PATH, limit=1, cursor=cursor, status="pending")
    assert answer.status_code == 422


async def test_a_failed_notification_is_retried_now(
    staff: Api, world: World, engine: AsyncEngine
) -> None:
    await world.book(START)
    row = await notification(world, recipient="practitioner")
    await world.change(
        Notification, row.id, status="failed", attempts=13, last_error="Timeout", finished_at=NOW
    )
    await lose_jobs(engine, row.id)
    for _ in range(2):
        answer = await staff.post(f"{PATH}/{row.id}/retry", None)
        assert answer.status_code == 200
        shown = answer.json()
        assert (shown["status"], shown["attempts"]) == ("pending", 0)
        assert (shown["last_error"], shown["finished_at"]) == ("Timeout", None)
        assert tuple(await job(engine, row.id)) == ("queued", True, "send_notification")


async def test_a_notification_that_waits_for_its_next_attempt_is_retried_now(
    staff: Api, world: World, engine: AsyncEngine
) -> None:
    await world.add(WebhookEndpoint, url="https://x.example", events=[], secret="s")
    await world.book(START)
    row = await notification(world, recipient="webhook")
    later = NOW + timedelta(hours=4)
    await world.change(Notification, row.id, attempts=5, last_error="HTTP 500", attempt_at=later)
    await lose_jobs(engine, row.id)
    answer = await staff.post(f"{PATH}/{row.id}/retry", None)
    assert (answer.json()["status"], answer.json()["attempts"]) == ("pending", 5)
    assert (await notification(world, recipient="webhook")).attempt_at == NOW
    assert tuple(await job(engine, row.id)) == ("queued", True, "send_webhook")


async def test_a_reminder_keeps_its_time(staff: Api, world: World, engine: AsyncEngine) -> None:
    await world.book(START)
    row = await notification(world, kind="reminder")
    assert (await staff.post(f"{PATH}/{row.id}/retry", None)).status_code == 200
    assert not (await job(engine, row.id)).due


async def test_a_notification_that_is_being_sent_is_not_retried(
    staff: Api, world: World, engine: AsyncEngine
) -> None:
    await world.book(START)
    row = await notification(world, recipient="practitioner")
    async with engine.begin() as sending:
        await sending.execute(
            select(Notification.id)
            .where(Notification.practice_id == world.practice_id, Notification.id == row.id)
            .with_for_update()
        )
        await lose_jobs(engine, row.id)
        answer = await staff.post(f"{PATH}/{row.id}/retry", None)
    assert (answer.status_code, answer.json()["status"]) == (200, "pending")
    assert await lose_jobs(engine, row.id) == 0


async def test_an_event_that_is_being_posted_is_not_retried(
    staff: Api, world: World, engine: AsyncEngine
) -> None:
    await world.add(WebhookEndpoint, url="https://x.example", events=[], secret="s")
    await world.book(START)
    row = await notification(world, recipient="webhook")
    await lose_jobs(engine, row.id)
    for leased_until, queued in ((NOW + timedelta(seconds=1), 0), (NOW, 1)):
        await world.change(Notification, row.id, leased_until=leased_until)
        answer = await staff.post(f"{PATH}/{row.id}/retry", None)
        assert (answer.status_code, answer.json()["status"]) == (200, "pending")
        assert await lose_jobs(engine, row.id) == queued


@pytest.mark.parametrize("status", ["sent", "dropped"])
async def test_a_finished_notification_is_not_retried(
    staff: Api, world: World, status: str
) -> None:
    await world.book(START)
    row = await notification(world, recipient="practitioner")
    await world.change(Notification, row.id, status=status, finished_at=NOW)
    answer = await staff.post(f"{PATH}/{row.id}/retry", None)
    assert (answer.status_code, answer.json()["code"]) == (409, "notification-finished")
    assert (await notification(world, recipient="practitioner")).status == status


async def test_notifications_of_other_practices_are_not_found(
    staff: Api, engine: AsyncEngine, settings: Settings
) -> None:
    other = await World(engine, settings).build()
    await other.book(START)
    theirs = await notification(other, recipient="practitioner")
    await other.change(Notification, theirs.id, status="failed", finished_at=NOW)
    for unknown in (theirs.id, uuid4()):
        assert (await staff.get(f"{PATH}/{unknown}")).status_code == 404
        assert (await staff.post(f"{PATH}/{unknown}/retry", None)).status_code == 404
    assert (await staff.get(PATH)).json()["items"] == []
    assert (await notification(other, recipient="practitioner")).status == "failed"


async def test_a_key_that_may_only_read_retries_nothing(staff: Api, world: World, api: Api) -> None:
    await world.book(START)
    row = await notification(world, recipient="practitioner")
    reader = staff.signed_in(await world.key(Scope.READ))
    writer = staff.signed_in(await world.key(Scope.WRITE))
    assert (await reader.get(PATH)).status_code == 200
    assert (await reader.get(f"{PATH}/{row.id}")).status_code == 200
    assert (await reader.post(f"{PATH}/{row.id}/retry", None)).status_code == 403
    assert (await writer.post(f"{PATH}/{row.id}/retry", None)).status_code == 200
    assert (await api.get(PATH)).status_code == 401
