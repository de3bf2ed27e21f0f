"""Mails and events of move requests, and the worker that closes them."""

import json
from datetime import datetime, timedelta
from email.message import EmailMessage
from uuid import UUID

import pytest

from app.database.transactions import transact
from app.domain.session import Format
from app.identity.api_keys.keys import Scope, Staff
from app.identity.tokens.access import Caller
from app.identity.tokens.quote import Quotes
from app.mail.context import MailContext
from app.move_requests.closing import close_due_requests
from app.move_requests.commands.ask import ask_to_move
from app.move_requests.commands.withdraw import withdraw_request
from app.move_requests.records import NewMoveRequest
from app.notifications.delivery import send_notification
from app.outbox.due import STILL_WAITING
from app.sessions.commands.cancel import cancel
from app.sessions.commands.meeting import WantedMove
from app.sessions.commands.orders import ChangeReason, ClientOrder
from app.sessions.commands.reschedule import reschedule
from app.tables.changes import Change
from app.tables.identity import ApiKey
from app.tables.move_requests import MoveRequest, MoveRequestSession
from app.tables.notifications import Notification
from app.tables.practices import Client
from app.tables.webhooks import WebhookEndpoint
from app.webhooks.payload import load_events
from tests.described import is_event_as_described
from tests.groups import add_clients
from tests.notifications.postbox import Postbox
from tests.series import book_series
from tests.world import NOW, Api, TestClock, World

# The worker looks at the requests of all practices.
pytestmark = pytest.mark.alone

START = NOW + timedelta(days=3)
ANSWER_BY = NOW + timedelta(days=1)
DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)
GRACE = timedelta(days=14)
WHY = ChangeReason(None, "I cannot come.")


class Scene:
    """A practice that asks its clients, and clients who answer."""

    def __init__(self, world: World, staff: Staff) -> None:
        self.world = world
        self.staff = staff

    async def ask(
        self, *session_ids: UUID, meanwhile: str = "keep", now: datetime = NOW, **more: object
    ) -> UUID:
        values = {"note": None, "proposals": {}, "answer_by": ANSWER_BY} | more
        new = NewMoveRequest(session_ids, meanwhile=meanwhile, **values)  # type: ignore[arg-type]
        made = await transact(
            self.world.engine,
            lambda db: ask_to_move(db, self.staff, new, now=now, credit_grace=GRACE),
        )
        return made.request.id

    async def answer(self, session_id: UUID, now: datetime, to: datetime | None = None) -> None:
        world = self.world
        caller = Caller(world.practice_id, world.client_id, 0)
        quotes = Quotes(world.settings.keys, timedelta(minutes=10))
        order = ClientOrder(WHY, None, None)
        if to is None:
            await transact(
                world.engine,
                lambda db: cancel(
                    db, caller, session_id, order=order, quotes=quotes, now=now, credit_grace=GRACE
                ),
            )
            return
        requested = WantedMove(to, Format.VIDEO)
        await transact(
            world.engine,
            lambda db: reschedule(
                db, caller, session_id, requested=requested, order=order, quotes=quotes, now=now
            ),
        )

    async def close(self, now: datetime) -> None:
        await close_due_requests(self.world.engine, now)

    async def states(self) -> set[str]:
        return {row.state for row in await self.world.rows(MoveRequestSession)}

    async def to_practice(self) -> list[str]:
        return [row.kind for row in await self.world.rows(Notification, recipient="practice")]


@pytest.fixture
async def scene(world: World) -> Scene:
    await world.key(Scope.ADMIN)
    (key,) = await world.rows(ApiKey)
    await world.add(WebhookEndpoint, url="https://x.example", events=[], secret="whsec_x")
    return Scene(world, Staff(world.practice_id, key.id, "Front desk", Scope.ADMIN))


def text_of(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return " ".join(part.get_content().split())


def calendars(mail: EmailMessage) -> list[str]:
    """The calendar entries; the calendar part is attached as well, and is counted once."""
    found = [
        part.get_content() for part in mail.walk() if part.get_content_type() == "text/calendar"
    ]
    return list(dict.fromkeys(found))


async def send(context: MailContext, scene: Scene, recipient: str, kind: str) -> None:
    for row in await scene.world.rows(Notification, recipient=recipient, kind=kind):
        await send_notification(context, scene.world.practice_id, row.id)


# Mails


async def test_the_mail_says_why_until_when_and_what_is_proposed(
    scene: Scene, context: MailContext, postbox: Postbox
) -> None:
    session_id = await scene.world.book(START)
    proposals = {session_id: [START + DAY]}
    await scene.ask(session_id, note="Dr. Chen is ill.", proposals=proposals)
    await send(context, scene, "client", "move_request")
    (mail,) = postbox.mails
    assert mail["Subject"] == "Please choose another time: December 3, 2026, 10:00 AM"
    text = text_of(mail)
    for part in (
        "Harbor Wellness asks you to choose another time",
        "Until Tuesday, December 1, 2026",
        "If you do nothing, the time stays as it is.",
        "Note from the practice: Dr. Chen is ill.",
        "Proposed times: Friday, December 4, 2026",
    ):
        assert part in text
    assert "starts earlier" not in text
    assert text.count("#") == 1
    assert calendars(mail) == []


async def test_a_mail_about_several_sessions_has_a_link_for_each(
    scene: Scene, context: MailContext, postbox: Postbox
) -> None:
    ids = [await scene.world.book(START + number * DAY) for number in range(2)]
    await scene.ask(*ids, meanwhile="cancel", proposals={ids[1]: [START + 5 * DAY]})
    await send(context, scene, "client", "move_request")
    (mail,) = postbox.mails
    text = text_of(mail)
    assert text.count("#") == 2
    assert "has been cancelled. There is no fee." in text
    assert "you can choose another time free of charge" in text
    assert "it stays cancelled" in text
    assert text.count("Choose another time") == 2
    assert "Need to reschedule?" not in text
    assert "Proposed times: Tuesday, December 8, 2026" in text
    found = calendars(mail)
    assert len(found) == 2
    assert all("METHOD:CANCEL" in one for one in found)


async def test_a_mail_names_the_last_start_that_can_still_be_answered_for(
    scene: Scene, context: MailContext, postbox: Postbox
) -> None:
    ids = [await scene.world.book(START + number * DAY) for number in range(3)]
    await scene.ask(*ids, answer_by=START + 30 * DAY)
    await scene.answer(ids[2], NOW)
    await send(context, scene, "client", "move_request")
    text = text_of(postbox.mails[0])
    assert "Until Friday, December 4, 2026" in text
    assert "For a session that starts earlier, this ends when it starts." in text


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("fr-FR", "vous prie de choisir un autre horaire"),
        ("de-DE", "bittet Sie, eine andere Zeit zu wählen"),
        ("es-ES", "le pide que elija otra hora"),
    ],
)
async def test_the_mail_is_in_the_clients_language(
    scene: Scene, context: MailContext, postbox: Postbox, locale: str, words: str
) -> None:
    await scene.world.change(Client, scene.world.client_id, locale=locale)
    await scene.ask(await scene.world.book(START))
    await send(context, scene, "client", "move_request")
    assert words in text_of(postbox.mails[0])


async def test_a_request_that_has_ended_is_not_mailed(
    scene: Scene, context: MailContext, postbox: Postbox
) -> None:
    session_id = await scene.world.book(START)
    request_id = await scene.ask(session_id)
    await transact(
        scene.world.engine,
        lambda db: withdraw_request(db, scene.staff, request_id, now=NOW),
    )
    await send(context, scene, "client", "move_request")
    assert postbox.mails == []
    (row,) = await scene.world.rows(Notification, kind="move_request")
    assert row.status == "dropped"


async def test_a_cancellation_is_told_also_if_its_request_has_ended(
    scene: Scene, context: MailContext, postbox: Postbox
) -> None:
    request_id = await scene.ask(await scene.world.book(START), meanwhile="cancel")
    await transact(
        scene.world.engine,
        lambda db: withdraw_request(db, scene.staff, request_id, now=NOW),
    )
    await send(context, scene, "client", "move_request")
    (mail,) = postbox.mails
    assert mail["Subject"].startswith("Your session is cancelled")
    assert "METHOD:CANCEL" in calendars(mail)[0]


async def test_a_session_that_is_booked_again_has_a_new_calendar_entry(
    scene: Scene, context: MailContext, postbox: Postbox
) -> None:
    session_id = await scene.world.book(START)
    await scene.ask(session_id, meanwhile="cancel")
    await scene.answer(session_id, NOW, START + DAY)
    await send(context, scene, "client", "rescheduled")
    (mail,) = postbox.mails
    (entry,) = calendars(mail)
    assert "METHOD:REQUEST" in entry
    assert "SEQUENCE:2" in entry


# Events


@pytest.mark.parametrize("state", ["moved", "cancelled"])
async def test_the_event_has_ids_times_and_state(scene: Scene, state: str) -> None:
    session_id = await scene.world.book(START)
    request_id = await scene.ask(session_id, note="Canary note.")
    await scene.answer(session_id, NOW, START + DAY if state == "moved" else None)
    (row,) = await scene.world.rows(Notification, kind="move_request.answered")
    async with scene.world.engine.begin() as db:
        (event,) = await load_events(db, [(scene.world.practice_id, row.id)])
    assert event is not None
    is_event_as_described(event.body)
    told = json.loads(event.body)
    assert told["type"] == "move_request.answered"
    data = told["data"]
    assert (data["move_request_id"], data["session_id"], data["state"], data["version"]) == (
        str(request_id),
        str(session_id),
        state,
        2,
    )
    assert data["starts_at"] == f"2026-12-0{4 if state == 'moved' else 3}T15:00:00Z"
    assert "Canary" not in event.body
    assert "Ana" not in event.body


# The worker


async def test_exactly_at_answer_by_is_in_time_and_then_the_practice_is_told_once(
    scene: Scene, context: MailContext, postbox: Postbox, clock: TestClock
) -> None:
    first = await scene.world.book(START)
    (other,) = await add_clients(scene.world, 1)
    second = await scene.world.book(START + DAY, client_id=other)
    await scene.ask(first, second)
    await scene.close(ANSWER_BY + STILL_WAITING)
    assert await scene.states() == {"asked"}
    await scene.answer(first, ANSWER_BY)
    await scene.close(ANSWER_BY + STILL_WAITING + MICROSECOND)
    await scene.close(ANSWER_BY + DAY)
    assert await scene.states() == {"cancelled", "kept"}
    assert await scene.to_practice() == ["move_request_unanswered"]
    (change,) = await scene.world.rows(Change, subject="move_request", kind="closed")
    assert change.actor == "system"
    assert change.details["sessions"] == {str(first): "cancelled", str(second): "kept"}
    clock.now = ANSWER_BY + DAY
    await send(context, scene, "practice", "move_request_unanswered")
    (mail,) = postbox.mails
    assert postbox.recipients == ["hello@harbor.example"]
    assert mail["Subject"] == "1 session without an answer to your move request"
    (row,) = await scene.world.rows(Client, id=other)
    text = text_of(mail)
    assert row.name in text
    assert "Ana Ruiz" not in text
    assert "their sessions stay as they are" in text


async def test_the_practice_is_told_who_has_not_answered_whatever_it_does_meanwhile(
    scene: Scene,
) -> None:
    """Before the worker comes, it withdraws the request, and asks again."""
    session_id = await scene.world.book(START)
    request_id = await scene.ask(session_id)
    late = ANSWER_BY + MICROSECOND
    await transact(
        scene.world.engine,
        lambda db: withdraw_request(db, scene.staff, request_id, now=late),
    )
    await scene.ask(session_id, answer_by=ANSWER_BY + DAY, now=late)
    await scene.close(ANSWER_BY + STILL_WAITING + MICROSECOND)
    await scene.close(ANSWER_BY + STILL_WAITING + MICROSECOND)
    rows = await scene.world.rows(MoveRequestSession)
    assert {(row.move_request_id == request_id, row.state) for row in rows} == {
        (True, "kept"),
        (False, "asked"),
    }
    assert await scene.to_practice() == ["move_request_unanswered"]


async def test_a_late_worker_decides_as_of_answer_by(scene: Scene) -> None:
    session_id = await scene.world.book(START)
    await scene.ask(session_id)
    await scene.answer(session_id, ANSWER_BY + MICROSECOND)
    await scene.close(ANSWER_BY + DAY)
    assert await scene.states() == {"kept"}
    assert await scene.to_practice() == ["move_request_unanswered"]


async def test_if_all_have_answered_the_practice_gets_no_mail(scene: Scene) -> None:
    session_id = await scene.world.book(START)
    await scene.ask(session_id)
    await scene.answer(session_id, NOW, START + DAY)
    await scene.close(ANSWER_BY + STILL_WAITING + MICROSECOND)
    assert await scene.states() == {"moved"}
    assert await scene.to_practice() == []


@pytest.mark.parametrize(("to", "kind"), [(None, "cancelled"), (START + DAY, "rescheduled")])
async def test_the_practitioner_reads_that_a_change_is_the_answer(
    scene: Scene, context: MailContext, postbox: Postbox, to: datetime | None, kind: str
) -> None:
    session_id = await scene.world.book(START)
    await scene.ask(session_id)
    await scene.answer(session_id, NOW, to)
    await send(context, scene, "practitioner", kind)
    (mail,) = postbox.mails
    assert "This answers the practice's request to choose another time." in text_of(mail)


async def test_of_several_sessions_each_that_answers_says_so(
    scene: Scene, context: MailContext, postbox: Postbox, api: Api, staff: Api
) -> None:
    """The one that the command names was not asked."""
    first, second, third = await book_series(staff, scene.world, START, 3)
    await scene.ask(UUID(second))
    cancelled = await api.cancel(UUID(first), scope="this_and_following", keep=[third])
    assert cancelled.status_code == 200, cancelled.text
    await send(context, scene, "practitioner", "cancelled")
    text = text_of(postbox.mails[-1])
    before, said, after = text.partition("This answers the practice's request")
    assert said
    assert "December 10" in before
    assert "This answers" not in after


async def test_a_cancellation_with_the_request_is_no_answer(
    scene: Scene, context: MailContext, postbox: Postbox
) -> None:
    await scene.ask(await scene.world.book(START), meanwhile="cancel")
    await send(context, scene, "practitioner", "cancelled")
    (mail,) = postbox.mails
    assert "This answers" not in text_of(mail)


async def test_a_withdrawn_request_is_not_closed(scene: Scene) -> None:
    request_id = await scene.ask(await scene.world.book(START))
    await transact(
        scene.world.engine,
        lambda db: withdraw_request(db, scene.staff, request_id, now=NOW),
    )
    await scene.close(ANSWER_BY + DAY)
    assert await scene.states() == {"withdrawn"}
    assert await scene.world.rows(Change, subject="move_request", kind="closed") == []


async def test_a_request_ends_with_the_start_of_its_sessions(scene: Scene) -> None:
    """Whatever `answer_by` says: once a session has started nobody can answer for it."""
    one, other = await scene.world.book(START), await scene.world.book(START + DAY)
    await scene.ask(one, other, answer_by=START + 30 * DAY)
    await scene.close(START + STILL_WAITING - MICROSECOND)
    assert await scene.states() == {"asked"}
    await scene.close(START + STILL_WAITING)
    rows = {row.session_id: row.state for row in await scene.world.rows(MoveRequestSession)}
    assert rows == {one: "kept", other: "asked"}
    (request,) = await scene.world.rows(MoveRequest)
    assert (request.told_at, await scene.to_practice()) == (None, [])
    for _ in range(2):
        await scene.close(START + DAY + STILL_WAITING)
    assert await scene.states() == {"kept"}
    assert await scene.to_practice() == ["move_request_unanswered"]


async def test_a_request_that_was_answered_ends_with_the_start_too(scene: Scene) -> None:
    session_id = await scene.world.book(START)
    await scene.ask(session_id, answer_by=START + 30 * DAY)
    await scene.answer(session_id, NOW)
    await scene.close(START + STILL_WAITING - MICROSECOND)
    (request,) = await scene.world.rows(MoveRequest)
    assert request.told_at is None
    await scene.close(START + STILL_WAITING)
    (request,) = await scene.world.rows(MoveRequest)
    assert (request.told_at, await scene.states()) == (START + STILL_WAITING, {"cancelled"})
    assert await scene.to_practice() == []
