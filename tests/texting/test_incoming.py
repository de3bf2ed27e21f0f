"""What clients write to us: STOP, START, and anything else."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote_plus
from uuid import UUID

import pytest
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncEngine

from app.configuration.settings import Settings
from app.sms.incoming import read_word
from app.tables.changes import Change, ChangeNote
from app.tables.notifications import Notification
from app.tables.practices import Client, Practice, Service
from app.tables.sessions import Session
from app.web.body_limit import FORM_TYPE, MAX_BYTES
from tests.notifications.receiver import Receiver
from tests.notifications.scenario import START, Scenario
from tests.texting.desk import NUMBER, PHONE, Desk
from tests.texting.telling import (
    PATH,
    TWILIO_TOKEN,
    signed,
    tell,
    tell_as_twilio,
    twilio_signature,
)
from tests.world import NOW, Api, World

# One number can be that of clients of every practice.
pytestmark = pytest.mark.alone

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
OTHER_NUMBER = "+12125550199"


@pytest.fixture
async def elsewhere(engine: AsyncEngine, settings: Settings) -> World:
    """Another practice, whose client has the same number."""
    made = await World(engine, settings).build()
    await agree(made, made.client_id, texts="reminders")
    return made


async def agree(world: World, client_id: UUID, *, number: str = NUMBER, texts: str = "all") -> None:
    values = {"texts": texts, "texts_agreed_at": NOW, "texts_number": number}
    await world.change(Client, client_id, phone=number, **values)


async def say(api: Api, text: str, number: str = NUMBER) -> None:
    answer = await tell(api, "incoming", {"from": number, "text": text})
    assert (answer.status_code, answer.content) == (204, b""), answer.text


async def client_of(world: World, client_id: UUID | None = None) -> Row[Any]:
    (client,) = await world.rows(Client, id=client_id or world.client_id)
    return client


async def entries(world: World) -> list[Row[Any]]:
    """Entries of the audit log about text messages."""
    return [row for row in await world.rows(Change) if row.kind.startswith("texts_")]


async def everything(world: World) -> list[Row[Any]]:
    tables = (Notification, Client, Change, Session)
    return [row for table in tables for row in await world.rows(table)]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        *[
            (text, "stop")
            for text in ("STOP", "stop.", " Stop ", "STOPALL", "Unsubscribe", "sToP!")
        ],
        *[(text, "stop") for text in ('"Stop"', "\u00a0stop\u2003", "stop\r\n", "Stop \U0001f6d1")],
        *[(text, "start") for text in ("START", "start", "Unstop!", " START. ")],
        *[
            (text, "other")
            for text in ("", " ", "...", "please stop", "STOP now", "nonstop", "ST OP")
        ],
        *[
            (text, "other")
            for text in ("CANCEL", "cancel", "Yes", "\U0001f44d", "\x00", "0", "st0p")
        ],
    ],
)
def test_a_word_counts_only_alone(text: str, word: str) -> None:
    assert read_word(text) == word


@pytest.mark.parametrize("word", ["STOP", "stop.", " Stop ", "STOPALL"])
async def test_stop_ends_the_text_messages(desk: Desk, api: Api, word: str) -> None:
    await say(api, word)
    client = await client_of(desk.world)
    assert (client.texts, client.texts_stopped, client.texts_stopped_at) == ("off", "all", NOW)
    assert (client.phone, client.texts_number, client.texts_agreed_at) == (PHONE, NUMBER, NOW)
    await desk.scenario.book()
    await desk.work()
    assert desk.sent == []
    assert len(desk.mailed) == 1


async def test_stop_ends_those_of_all_clients_with_the_number(
    desk: Desk, api: Api, elsewhere: World
) -> None:
    child = await desk.world.add_client(name="Ben Ruiz", email="ben@client.example")
    await agree(desk.world, child)
    other = await desk.world.add_client(name="Cleo Ruiz", email="cleo@client.example")
    await agree(desk.world, other, number=OTHER_NUMBER)
    await say(api, "STOP")
    assert (await client_of(desk.world)).texts == "off"
    assert (await client_of(desk.world, child)).texts == "off"
    assert (await client_of(elsewhere)).texts_stopped == "reminders"
    assert (await client_of(desk.world, other)).texts == "all"
    assert {row.subject_id for row in await entries(desk.world)} == {desk.world.client_id, child}
    assert {row.subject_id for row in await entries(elsewhere)} == {elsewhere.client_id}


async def test_start_restores_for_each_client_what_stop_has_ended(
    desk: Desk, api: Api, elsewhere: World
) -> None:
    await say(api, "STOP")
    desk.clock.now += DAY
    await say(api, "unstop")
    for world, texts in ((desk.world, "all"), (elsewhere, "reminders")):
        client = await client_of(world)
        assert (client.texts, client.texts_agreed_at) == (texts, desk.clock.now)
        assert (client.texts_stopped, client.texts_stopped_at) == (None, None)
        kinds = [row.kind for row in sorted(await entries(world), key=lambda row: row.at)]
        assert kinds == ["texts_stopped", "texts_restored"]
    await desk.scenario.book()
    await desk.work()
    assert len(desk.sent) == 1


async def test_a_second_stop_changes_nothing(desk: Desk, api: Api) -> None:
    await say(api, "STOP")
    before = await everything(desk.world)
    desk.clock.now += DAY
    await say(api, "STOP")
    assert await everything(desk.world) == before


@pytest.mark.parametrize("texts", ["off", "all"])
async def test_start_without_stop_restores_nothing(desk: Desk, api: Api, texts: str) -> None:
    await desk.agree(texts)
    before = await everything(desk.world)
    await say(api, "START")
    assert await everything(desk.world) == before


async def test_start_does_not_restore_what_staff_have_changed_since(desk: Desk, api: Api) -> None:
    """They have turned it on after a new agreement, and then off."""
    await say(api, "STOP")
    desk.clock.now += DAY
    staff = api.signed_in(await desk.world.key())
    path = f"/v1/practice/clients/{desk.world.client_id}"
    agreed = {"texts": "all", "texts_agreed_at": desk.clock.now.isoformat()}
    for change in (agreed, {"texts": "off"}):
        changed = await staff.patch(path, change)
        assert changed.status_code == 200, changed.text
    before = await everything(desk.world)
    await say(api, "START")
    assert await everything(desk.world) == before


async def test_start_restores_also_if_staff_have_repeated_that_it_is_off(
    desk: Desk, api: Api
) -> None:
    """The practice's software sends back what it has read, which is no change."""
    await say(api, "STOP")
    staff = api.signed_in(await desk.world.key())
    path = f"/v1/practice/clients/{desk.world.client_id}"
    changed = await staff.patch(path, {"texts": "off"})
    assert changed.status_code == 200, changed.text
    await say(api, "START")
    assert (await client_of(desk.world)).texts == "all"


async def test_start_does_not_change_what_staff_have_turned_on_since(desk: Desk, api: Api) -> None:
    await say(api, "STOP")
    desk.clock.now += DAY
    staff = api.signed_in(await desk.world.key())
    path = f"/v1/practice/clients/{desk.world.client_id}"
    agreed = {"texts": "reminders", "texts_agreed_at": desk.clock.now.isoformat()}
    changed = await staff.patch(path, agreed)
    assert changed.status_code == 200, changed.text
    await say(api, "START")
    assert (await client_of(desk.world)).texts == "reminders"


async def test_start_from_the_old_telephone_restores_nothing(desk: Desk, api: Api) -> None:
    await say(api, "STOP")
    staff = api.signed_in(await desk.world.key())
    path = f"/v1/practice/clients/{desk.world.client_id}"
    changed = await staff.patch(path, {"phone": "+1 646 555 0123"})
    assert changed.status_code == 200, changed.text
    await say(api, "START")
    assert (await client_of(desk.world)).texts == "off"


async def test_stop_drops_what_waits_and_reminders_go_by_mail(desk: Desk, api: Api) -> None:
    """Both are queued as text messages, and wait for the morning."""
    await desk.world.change(Service, desk.world.service_id, reminder_minutes=[60 * 12])
    desk.clock.now = datetime(2026, 12, 3, 3, tzinfo=UTC)
    await desk.scenario.book(datetime(2026, 12, 3, 16, tzinfo=UTC))
    desk.clock.now = datetime(2026, 12, 3, 4, tzinfo=UTC)
    await desk.work()
    assert await desk.states() == [("booked", "pending"), ("reminder", "pending")]
    mails = len(desk.mailed)
    await say(api, "STOP")
    desk.clock.now = datetime(2026, 12, 3, 13, tzinfo=UTC)
    await desk.work()
    assert desk.sent == []
    assert await desk.states() == [("booked", "dropped")]
    assert ("reminder", "sent") in await desk.states("mail")
    assert len(desk.mailed) == mails + 1


async def test_anything_else_is_answered_with_the_link(desk: Desk, api: Api) -> None:
    session_id = await desk.scenario.book()
    await desk.work()
    await say(api, "Can I come later?")
    await desk.work()
    _, answer = desk.sent
    assert answer["to"] == NUMBER
    assert "Can I come later?" not in answer["text"]
    code = answer["text"].rpartition("#")[2]
    assert code != desk.said[0].rpartition("#")[2]
    opened = await api.open_link(code)
    assert opened.status_code == 200, opened.text
    assert opened.json()["session"]["id"] == str(session_id)
    assert ("text_answer", "sent") in await desk.states()


async def test_an_answer_does_not_wait_for_the_morning(desk: Desk, api: Api) -> None:
    await desk.scenario.book()
    await desk.work()
    desk.clock.now = datetime(2026, 12, 1, 6, tzinfo=UTC)
    await say(api, "Hello?")
    await desk.work()
    assert len(desk.sent) == 2


@pytest.mark.parametrize(
    ("after", "answers"),
    [(timedelta(0), 1), (DAY - timedelta(microseconds=1), 1), (DAY, 2)],
)
async def test_a_number_is_answered_once_a_day(
    desk: Desk, api: Api, after: timedelta, answers: int
) -> None:
    """Exactly 24 hours after an answer there is the next one."""
    await desk.scenario.book()
    await desk.work()
    await say(api, "Hello?")
    await desk.work()
    desk.clock.now += after
    await say(api, "Hello??")
    await desk.work()
    assert len(desk.sent) == 1 + answers


async def test_two_messages_at_once_get_one_answer(desk: Desk, api: Api) -> None:
    await desk.scenario.book()
    await desk.work()
    await asyncio.gather(*(say(api, "Hello?") for _ in range(8)))
    await desk.work()
    assert len(desk.sent) == 2
    assert [kind for kind, _ in await desk.states()].count("text_answer") == 1


async def test_stop_and_a_message_at_once_end_without_a_text_message(desk: Desk, api: Api) -> None:
    await desk.scenario.book()
    await desk.work()
    await asyncio.gather(*(say(api, word) for word in ("Hello?", "STOP", "Hello?", "STOP")))
    await desk.work()
    assert len(desk.sent) == 1
    assert (await client_of(desk.world)).texts == "off"
    assert len(await entries(desk.world)) == 1


async def nobody_is_answered(desk: Desk, api: Api, number: str = NUMBER) -> None:
    sent, before = len(desk.sent), await everything(desk.world)
    await say(api, "Hello?", number)
    await desk.work()
    assert len(desk.sent) == sent
    assert await everything(desk.world) == before


async def test_an_unknown_number_is_not_answered(desk: Desk, api: Api) -> None:
    await desk.scenario.book()
    await desk.work()
    await nobody_is_answered(desk, api, OTHER_NUMBER)


async def test_who_has_ended_text_messages_is_not_answered(desk: Desk, api: Api) -> None:
    await desk.scenario.book()
    await desk.work()
    await say(api, "STOP")
    await nobody_is_answered(desk, api)


async def test_who_was_never_texted_is_not_answered(desk: Desk, api: Api) -> None:
    await desk.agree("reminders")
    await desk.scenario.book()
    await desk.work()
    await nobody_is_answered(desk, api)


async def test_with_two_sessions_nobody_is_answered(desk: Desk, api: Api) -> None:
    for start in (START, START + DAY):
        await desk.scenario.book(start)
    await desk.work()
    assert len(desk.sent) == 2
    await nobody_is_answered(desk, api)


async def test_with_sessions_at_two_practices_nobody_is_answered(
    desk: Desk, api: Api, engine: AsyncEngine, settings: Settings, gateway: Receiver
) -> None:
    """The link would be one of them, and nobody knows which of them is meant."""
    other = await World(engine, settings).build()
    there = Desk(Scenario(other, desk.clock), engine, settings, desk.clock, gateway, desk.postbox)
    await there.agree()
    for one in (desk, there):
        await one.scenario.book()
        await one.work()
    assert len(desk.sent) == 2
    await nobody_is_answered(desk, api)
    await there.close()


async def test_only_sessions_to_come_count(desk: Desk, api: Api) -> None:
    """Neither one that is cancelled nor one that has started."""
    for days in (0, 1, 2):
        await desk.scenario.book(START + days * DAY)
    await desk.work()
    first, cancelled, last = sorted(
        await desk.world.rows(Session), key=lambda session: session.starts_at
    )
    await desk.scenario.cancel(cancelled.id)
    desk.clock.now = START
    await desk.work()
    sent = len(desk.sent)
    await say(api, "Hello?")
    await desk.work()
    assert len(desk.sent) == sent + 1
    opened = await api.open_link(desk.said[-1].rpartition("#")[2])
    assert opened.json()["session"]["id"] == str(last.id) != str(first.id)


async def test_a_session_that_starts_now_is_not_to_come(desk: Desk, api: Api) -> None:
    await desk.scenario.book()
    await desk.work()
    desk.clock.now = START
    await desk.work()
    await nobody_is_answered(desk, api)


async def test_a_closed_practice_answers_nobody(desk: Desk, api: Api) -> None:
    await desk.scenario.book()
    await desk.work()
    await desk.world.change_all(Practice, closed_at=NOW)
    await nobody_is_answered(desk, api)


async def test_an_answer_that_comes_too_late_is_dropped(desk: Desk, api: Api) -> None:
    """The gateway was away until the session was cancelled, or had started."""
    session_id = await desk.scenario.book()
    await desk.work()
    await say(api, "Hello?")
    await desk.scenario.cancel(session_id)
    await desk.work()
    assert ("text_answer", "dropped") in await desk.states()
    assert len(desk.sent) == 2


async def test_stop_ends_also_the_answer_that_waits(desk: Desk, api: Api) -> None:
    await desk.scenario.book()
    await desk.work()
    await say(api, "Hello?")
    await say(api, "STOP")
    await desk.work()
    assert ("text_answer", "dropped") in await desk.states()
    assert len(desk.sent) == 1


@pytest.mark.parametrize("word", ["CANCEL", "cancel.", "C", "No", "QUIT", "END"])
async def test_a_text_message_never_cancels(desk: Desk, api: Api, word: str) -> None:
    session_id = await desk.scenario.book()
    await desk.work()
    before = await desk.world.rows(Session)
    await say(api, word)
    await desk.work()
    assert await desk.world.rows(Session) == before
    assert [row.status for row in before] == ["booked"]
    kinds = {row.kind for row in await desk.world.rows(Change, session_id=session_id)}
    assert kinds == {"booked"}
    assert len(desk.sent) == 2


async def test_the_audit_log_names_no_number_and_no_text(
    desk: Desk, api: Api, capfd: pytest.CaptureFixture[str]
) -> None:
    await desk.scenario.book()
    await desk.work()
    for said in ("My knee hurts", "Stop", "Start"):
        await say(api, said)
    written = repr([*await desk.world.rows(Change), *await desk.world.rows(ChangeNote)])
    logged = capfd.readouterr()
    for secret in (NUMBER, NUMBER[1:], "555-0188", "knee"):
        assert secret not in written
        assert secret not in logged.out + logged.err
    for entry in await entries(desk.world):
        assert (entry.actor, entry.actor_name) == ("client", "text message")
        assert (entry.subject, entry.details) == ("client", None)


async def test_staff_read_of_it_in_the_audit_log(desk: Desk, api: Api) -> None:
    await say(api, "STOP")
    staff = api.signed_in(await desk.world.key())
    answer = await staff.get("/v1/practice/changes")
    assert answer.status_code == 200, answer.text
    # The key was made at the same instant, so either entry may be the first.
    assert "texts_stopped" in {entry["kind"] for entry in answer.json()["items"]}


ODD = ["", " ", "x" * 2000, "\U0001f44d" * 2000, "a\x00b", "\u202e", "<b>&amp;", "'; --", "\ud7ff"]


@pytest.mark.parametrize("text", ODD, ids=lambda text: ascii(text[:8]))
async def test_odd_texts_are_taken(desk: Desk, api: Api, text: str) -> None:
    await desk.scenario.book()
    await desk.work()
    await say(api, text)
    await desk.work()
    assert len(desk.sent) == 2


@pytest.mark.parametrize(
    "body",
    [
        {"from": NUMBER, "text": "x" * 2001},
        {"from": NUMBER, "text": None},
        {"from": NUMBER, "text": 7},
        {"from": NUMBER},
        {"text": "STOP"},
        {"from": NUMBER[1:], "text": "STOP"},
        {"from": f"{NUMBER}\n", "text": "STOP"},
        {"from": "+1212555\x00", "text": "STOP"},
        {"from": "+" + "\uff11" * 11, "text": "STOP"},
        {"from": [NUMBER], "text": "STOP"},
        {"number": NUMBER, "text": "STOP", "from": NUMBER},
        {"from": NUMBER, "text": "STOP", "to": "+15550100"},
        [],
        "STOP",
        None,
    ],
    ids=lambda body: ascii(body)[:40],
)
async def test_nonsense_is_refused_and_changes_nothing(desk: Desk, api: Api, body: Any) -> None:
    before = await everything(desk.world)
    answer = await tell(api, "incoming", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation-failed")
    assert await everything(desk.world) == before


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"", b"[" * 20_000, b'{"from": "\\ud800"}'])
async def test_a_body_that_is_no_json_is_refused(desk: Desk, api: Api, body: bytes) -> None:
    before = await everything(desk.world)
    headers = signed(b"", desk.clock.now)
    answer = await api.http.post(f"{PATH}/incoming", content=body, headers=headers)
    assert answer.status_code in {401, 422}, answer.text
    assert await everything(desk.world) == before


@pytest.mark.parametrize("path", ["receipts", "incoming", "twilio/receipts", "twilio/incoming"])
async def test_bodies_of_another_type_or_too_large_are_refused(
    desk: Desk, api: Api, path: str
) -> None:
    before = await everything(desk.world)
    right = FORM_TYPE if "twilio" in path else "application/json"
    wrong = "application/json" if "twilio" in path else FORM_TYPE
    headers = signed(b"STOP", desk.clock.now)
    for content, kind, status in (
        (b"STOP", wrong, 415),
        (b"STOP", "text/plain", 415),
        (b"1" * (MAX_BYTES + 1), right, 413),
    ):
        answer = await api.http.post(
            f"{PATH}/{path}", content=content, headers=headers | {"Content-Type": kind}
        )
        assert answer.status_code == status
    assert await everything(desk.world) == before


async def test_twilio_tells_what_a_client_has_written(desk: Desk, twilio: Api) -> None:
    answer = await tell_as_twilio(
        twilio, "incoming", {"From": NUMBER, "Body": "Stop", "To": "+15550100", "NumMedia": "0"}
    )
    assert (answer.status_code, answer.text) == (200, "<Response/>")
    assert answer.headers["content-type"].startswith("text/xml")
    assert (await client_of(desk.world)).texts == "off"
    await tell_as_twilio(twilio, "incoming", {"From": NUMBER, "Body": "start"})
    assert (await client_of(desk.world)).texts == "all"


@pytest.mark.parametrize(
    ("form", "texts"),
    [
        ({"Body": "Cancel", "OptOutType": "STOP"}, "off"),
        ({"Body": "STOP", "OptOutType": "HELP"}, "all"),
        ({"Body": "STOP", "OptOutType": ""}, "off"),
        ({"Body": "START", "OptOutType": "STOP"}, "off"),
        ({"OptOutType": "STOP"}, "off"),
        ({}, "all"),
    ],
)
async def test_what_twilio_has_done_itself_counts(
    desk: Desk, twilio: Api, form: dict[str, str], texts: str
) -> None:
    """Twilio has words of its own, by language, and stops the messages itself."""
    answer = await tell_as_twilio(twilio, "incoming", {"From": NUMBER} | form)
    assert answer.status_code == 200
    assert (await client_of(desk.world)).texts == texts


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"From": "", "Body": "STOP"},
        {"From": "Harbor", "Body": "STOP"},
        {"From": "+1\x00", "Body": "STOP"},
        {"From": f"whatsapp:{NUMBER}", "Body": "STOP"},
        {"From": f"{NUMBER}\n", "Body": "STOP"},
        {"From": "22395", "Body": "\x00"},
        {"From": OTHER_NUMBER, "Body": "STOP"},
    ],
    ids=lambda form: ascii(form.get("From")),
)
async def test_twilios_messages_from_elsewhere_change_nothing(
    desk: Desk, twilio: Api, form: dict[str, str]
) -> None:
    before = await everything(desk.world)
    answer = await tell_as_twilio(twilio, "incoming", form)
    assert answer.status_code == 200
    assert await everything(desk.world) == before


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"From=%2B12125550188&Body=STOP",
        b"&".join(b"a=1" for _ in range(300)),
        b"%00=%00",
        b"{}",
    ],
)
async def test_an_unsigned_form_is_refused(desk: Desk, twilio: Api, body: bytes) -> None:
    before = await everything(desk.world)
    answer = await twilio.http.post(
        f"{PATH}/twilio/incoming", content=body, headers={"Content-Type": FORM_TYPE}
    )
    assert answer.status_code == 401
    assert await everything(desk.world) == before


async def test_an_odd_form_that_is_signed_is_taken(desk: Desk, twilio: Api) -> None:
    """Signed over what the form says, whatever its spelling; the last of a name counts."""
    url = f"https://reslot.example{PATH}/twilio/incoming"
    pairs = [("From", NUMBER), ("Body", "\U0001f44d\x00"), ("ü&=", ""), ("Body", "STOP")]
    headers = {
        "Content-Type": FORM_TYPE,
        "X-Twilio-Signature": twilio_signature(url, pairs, TWILIO_TOKEN),
    }
    content = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs)
    answer = await twilio.http.post(
        f"{PATH}/twilio/incoming", content=content.encode(), headers=headers
    )
    assert answer.status_code == 200
    assert (await client_of(desk.world)).texts == "off"
