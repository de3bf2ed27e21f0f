"""The minimum of a group: the worker judges it when it is due, once, and correctly when late."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.configuration.settings import Settings
from app.database.transactions import transact
from app.groups.commands.change import change_group
from app.groups.records import SeatRules
from app.mail.context import MailContext
from app.notifications.delivery import send_notification
from app.outbox.due import STILL_WAITING
from app.sessions.commands.meeting import WantedMove
from app.sessions.commands.orders import StaffOrder
from app.sessions.commands.reschedule import reschedule_by_staff
from app.tables.changes import Change
from app.tables.groups import Group
from app.tables.notifications import Notification
from app.tables.practices import Practice
from app.tables.sessions import CreditRedemption, Session
from tests.groups import add_clients
from tests.notifications.group_scene import AUTO, DUE, HOUR, START, TOLD, WHY, GroupScene
from tests.notifications.postbox import Postbox
from tests.notifications.test_worker import working
from tests.patience import until
from tests.world import NOW, TestClock

# The worker looks at the groups of all practices.
pytestmark = pytest.mark.alone

TICK = timedelta(microseconds=1)
BELOW = [("practice", "group_below_minimum"), ("webhook", "group.below_minimum")]
CANCELLED = sorted([*BELOW, ("practitioner", "group_cancelled"), ("webhook", "group.cancelled")])


async def test_below_the_minimum_the_practice_is_told_once(scene: GroupScene) -> None:
    await scene.create(TOLD)
    (client_id,) = await add_clients(scene.world, 1)
    await scene.book(client_id)
    await scene.judge(DUE - timedelta(seconds=1))
    assert await scene.told() == []
    await scene.judge(DUE)
    assert await scene.told() == BELOW
    assert await scene.status() == "scheduled"
    await scene.judge(DUE + HOUR)
    assert await scene.told() == BELOW
    (change,) = await scene.world.rows(Change, kind="below_minimum")
    assert (change.actor, change.subject_id) == ("system", scene.group_id)
    assert change.details["seats_taken_when_due"] == 1


async def test_a_cancellation_that_came_in_time_counts_though_it_waited(scene: GroupScene) -> None:
    await scene.create(TOLD)
    seats = [await scene.book(client_id) for client_id in await add_clients(scene.world, 3)]
    await scene.judge(DUE - TICK)
    await scene.leave(seats[0], DUE)
    await scene.judge(DUE)
    assert await scene.told() == BELOW


async def test_a_group_with_enough_seats_is_left_alone(scene: GroupScene) -> None:
    await scene.create(AUTO)
    people = await add_clients(scene.world, 3)
    seats = [await scene.book(client_id) for client_id in people]
    await scene.judge(DUE)
    assert await scene.told() == []
    # It was judged: what happens later counts no more.
    await scene.leave(seats[0], DUE + HOUR)
    await scene.judge(DUE + 2 * HOUR)
    assert (await scene.told(), await scene.status()) == ([], "scheduled")


async def test_with_auto_cancel_the_group_is_cancelled_as_by_staff(scene: GroupScene) -> None:
    await scene.create(AUTO)
    package_id = await scene.world.add_package()
    (client_id,) = await add_clients(scene.world, 1)
    first = await scene.book(scene.world.client_id, package_id=package_id)
    second = await scene.book(client_id)
    await scene.judge(DUE)
    await scene.judge(DUE + HOUR)
    assert await scene.status() == "cancelled"
    assert await scene.told() == CANCELLED
    sessions = await scene.world.rows(Session)
    assert {row.status for row in sessions} == {"cancelled"}
    (redemption,) = await scene.world.rows(CreditRedemption)
    assert redemption.returned_at == DUE + STILL_WAITING
    changes = await scene.world.rows(Change, at=DUE + STILL_WAITING)
    assert sorted((row.subject, row.kind) for row in changes) == [
        ("group", "below_minimum"),
        ("group", "cancelled"),
        ("session", "cancelled"),
        ("session", "cancelled"),
    ]
    assert len({row.command_id for row in changes}) == 1
    assert {row.session_id for row in changes} == {None, first, second}
    mails = await scene.world.rows(Notification, kind="cancelled", recipient="client")
    assert {row.session_id for row in mails} == {first, second}


@pytest.mark.parametrize(
    ("late", "then", "now", "expected", "status"),
    [
        pytest.param(HOUR, 2, 2, CANCELLED, "cancelled", id="missed then and now"),
        pytest.param(HOUR, 2, 3, BELOW, "scheduled", id="missed then, not now"),
        pytest.param(HOUR, 3, 2, [], "scheduled", id="missed now, not then"),
        pytest.param(24 * HOUR, 2, 2, BELOW, "scheduled", id="not at the start"),
        pytest.param(30 * HOUR, 2, 2, BELOW, "scheduled", id="not after the start"),
    ],
)
async def test_a_late_job_judges_the_seats_of_then(
    scene: GroupScene,
    late: timedelta,
    then: int,
    now: int,
    expected: list[tuple[str, str]],
    status: str,
) -> None:
    await scene.create(AUTO)
    people = await add_clients(scene.world, 3)
    seats = [await scene.book(client_id) for client_id in people[:then]]
    just_after = DUE + timedelta(minutes=1)
    if now > then:
        await scene.book(people[then], just_after)
    if now < then:
        await scene.leave(seats[0], just_after)
    await scene.judge(DUE + late)
    assert (await scene.told(), await scene.status()) == (sorted(expected), status)


async def test_seats_that_left_for_another_group_since_were_taken_then(scene: GroupScene) -> None:
    other = await scene.create(TOLD, start=START + timedelta(days=7))
    await scene.create(AUTO)
    people = await add_clients(scene.world, 3)
    seats = [await scene.book(client_id) for client_id in people]
    world, after = scene.world, DUE + timedelta(minutes=1)
    (row,) = await world.rows(Group, id=other)
    await transact(
        world.engine,
        lambda db: reschedule_by_staff(
            db,
            scene.staff,
            seats[0],
            requested=WantedMove(None, None, None, row.id),
            force=False,
            order=StaffOrder(WHY, charged=False, if_match=None),
            now=after,
        ),
    )
    await scene.judge(DUE + HOUR)
    assert (await scene.told(), await scene.status()) == ([], "scheduled")


async def test_a_moved_group_is_judged_for_its_new_start(scene: GroupScene) -> None:
    await scene.create(TOLD)
    await scene.judge(DUE)
    later = START + timedelta(days=4)
    await scene.move(later, DUE + HOUR)
    told = [*BELOW, ("practitioner", "group_moved"), ("webhook", "group.moved")]
    await scene.judge(DUE + 2 * HOUR)
    assert await scene.told() == sorted(told)
    await scene.judge(later - timedelta(hours=24))
    assert await scene.told() == sorted([*told, *BELOW])


async def test_a_minimum_that_is_set_too_late_is_not_judged(scene: GroupScene) -> None:
    """The practice sees the seats at that time, and its class must not vanish at once."""
    await scene.create(AUTO, now=DUE + HOUR)
    await scene.judge(DUE + 2 * HOUR)
    assert (await scene.told(), await scene.status()) == ([], "scheduled")
    (row,) = await scene.world.rows(Group)
    assert row.decided_at == DUE + HOUR
    sooner = {"decide_hours": 2}
    await transact(
        scene.world.engine,
        lambda db: change_group(
            db, scene.staff, scene.group_id, sooner, if_match=None, now=DUE + 3 * HOUR
        ),
    )
    await scene.judge(START - 2 * HOUR)
    assert await scene.status() == "cancelled"


async def test_cancelled_groups_and_closed_practices_are_not_judged(scene: GroupScene) -> None:
    await scene.create(AUTO)
    await scene.world.change_all(Practice, closed_at=NOW)
    await scene.judge(DUE)
    assert (await scene.told(), await scene.status()) == ([], "scheduled")
    await scene.world.change_all(Practice, closed_at=None)
    await scene.cancel(DUE - HOUR)
    told = await scene.told()
    await scene.judge(DUE)
    assert await scene.told() == told


async def test_two_workers_judge_a_group_once(scene: GroupScene) -> None:
    await scene.create(AUTO)
    await scene.book(scene.world.client_id)
    await asyncio.gather(*(scene.judge(DUE) for _ in range(4)))
    assert await scene.told() == CANCELLED
    assert len(await scene.world.rows(Change, kind="below_minimum")) == 1


@pytest.mark.parametrize("rules", [AUTO, TOLD])
async def test_the_practice_reads_what_became_of_the_group(
    scene: GroupScene, context: MailContext, postbox: Postbox, clock: TestClock, rules: SeatRules
) -> None:
    clock.now = DUE + STILL_WAITING
    await scene.create(rules)
    await scene.book(scene.world.client_id)
    await scene.judge(DUE)
    (row,) = await scene.world.rows(Notification, recipient="practice")
    await send_notification(context, scene.world.practice_id, row.id)
    (mail,) = postbox.mails
    assert postbox.recipients == ["hello@harbor.example"]
    part = mail.get_body(("plain",))
    assert part is not None
    text = part.get_content().replace("\n", " ")
    assert ("cancelled automatically" in text) is rules.auto_cancel
    assert ("stays as it is" in text) is not rules.auto_cancel


async def test_the_worker_judges_groups(
    scene: GroupScene, settings: Settings, engine: AsyncEngine, clock: TestClock
) -> None:
    await scene.create(TOLD)
    clock.now = DUE + STILL_WAITING

    async def is_judged() -> bool:
        (row,) = await scene.world.rows(Group)
        return row.decided_at is not None

    async with working(settings, engine, clock):
        await until(is_judged)
    assert await scene.told() == BELOW
