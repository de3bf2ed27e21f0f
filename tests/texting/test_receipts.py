"""Delivery receipts: what the gateway says of a text message after it has accepted it."""

import asyncio
import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncEngine

from app.configuration.settings import Settings
from app.notifications.delivery import send_notification
from app.notifications.sms.delivery import LEASE, send_text
from app.sms.incoming import check_twilio_signature
from app.sms.message import message_id
from app.tables.notifications import Notification
from app.tables.practices import Client
from app.web.body_limit import FORM_TYPE
from tests.notifications.scenario import START
from tests.texting.desk import Desk
from tests.texting.telling import (
    PATH,
    SECRET,
    TWILIO_TOKEN,
    TWILIO_URL,
    signed,
    tell,
    tell_as_twilio,
    twilio_signature,
)
from tests.world import Api, World, serve

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
TOLERATED = timedelta(minutes=5)
OTHER_SECRET = "whsec_" + "QUJD" * 8


async def booked(desk: Desk) -> str:
    """Send the text message about a booking, and return its id as the gateway knows it."""
    await desk.scenario.book()
    await desk.work()
    return desk.sent[-1]["id"]


async def reminded(desk: Desk) -> str:
    """Send the reminder as a text message, and return its id."""
    await desk.come_to_reminder()
    await desk.work()
    return desk.sent[-1]["id"]


async def everything(desk: Desk) -> list[Row[Any]]:
    return [*await desk.world.rows(Notification), *await desk.world.rows(Client)]


async def test_a_delivery_is_recorded(desk: Desk, api: Api) -> None:
    sent = await booked(desk)
    desk.clock.now += MINUTE
    answer = await tell(api, "receipts", {"id": sent, "status": "delivered"})
    assert (answer.status_code, answer.content) == (204, b"")
    row = await desk.row("booked")
    assert (row.status, row.attempts, row.delivered_at) == ("sent", 1, desk.clock.now)


async def test_staff_see_when_it_was_delivered(desk: Desk, api: Api) -> None:
    sent = await booked(desk)
    await tell(api, "receipts", {"id": sent, "status": "delivered"})
    staff = api.signed_in(await desk.world.key())
    items = (await staff.get("/v1/practice/notifications")).json()["items"]
    (text,) = [item for item in items if item["channel"] == "text"]
    assert text["delivered_at"] is not None


async def test_a_text_message_that_fails_later_is_failed(desk: Desk, api: Api) -> None:
    sent = await booked(desk)
    await tell(api, "receipts", {"id": sent, "status": "failed"})
    row = await desk.row("booked")
    assert (row.status, row.attempts, row.last_error) == ("failed", 1, "NotDelivered")
    assert len(desk.mailed) == 1


async def test_a_reminder_that_fails_later_goes_by_mail(desk: Desk, api: Api) -> None:
    sent = await reminded(desk)
    mails = len(desk.mailed)
    await tell(api, "receipts", {"id": sent, "status": "failed"})
    row = await desk.row("reminder", "mail")
    assert (row.status, row.last_error) == ("pending", "NotDelivered")
    await desk.work()
    assert len(desk.mailed) == mails + 1
    assert len(desk.sent) == 1
    assert (await desk.row("reminder", "mail")).status == "sent"


async def test_a_reminder_that_fails_after_the_start_goes_no_way(desk: Desk, api: Api) -> None:
    sent = await reminded(desk)
    mails = len(desk.mailed)
    desk.clock.now = START + MINUTE
    await tell(api, "receipts", {"id": sent, "status": "failed"})
    await desk.work()
    assert len(desk.mailed) == mails
    assert (await desk.row("reminder", "mail")).status == "dropped"


@pytest.mark.parametrize("status", ["queued", "accepted", "DELIVERED", "💬", "x" * 50])
async def test_other_states_change_nothing(desk: Desk, api: Api, status: str) -> None:
    sent = await booked(desk)
    before = await everything(desk)
    answer = await tell(api, "receipts", {"id": sent, "status": status})
    assert answer.status_code == 204
    assert await everything(desk) == before


@pytest.mark.parametrize("status", ["delivered", "failed"])
async def test_a_receipt_of_an_unknown_message_changes_nothing(
    desk: Desk, api: Api, status: str
) -> None:
    sent = await booked(desk)
    before = await everything(desk)
    strange = [sent[:32] + uuid4().hex, uuid4().hex + sent[32:], "0" * 64]
    # A mail has the same kind of id, and is no text message.
    (mail,) = await desk.world.rows(Notification, recipient="client", kind="booked", channel="mail")
    strange.append(message_id(desk.world.practice_id, mail.id))
    for one in strange:
        answer = await tell(api, "receipts", {"id": one, "status": status})
        assert answer.status_code == 204
    assert await everything(desk) == before


@pytest.mark.parametrize("strange", ["", "x", "g" * 64, "A" * 64, "0" * 63, "0" * 65, "0\0" * 32])
async def test_a_malformed_id_is_refused(desk: Desk, api: Api, strange: str) -> None:
    await booked(desk)
    before = await everything(desk)
    answer = await tell(api, "receipts", {"id": strange, "status": "failed"})
    assert answer.status_code == 422
    assert await everything(desk) == before


@pytest.mark.parametrize("status", ["delivered", "failed"])
async def test_a_replay_changes_nothing(desk: Desk, api: Api, status: str) -> None:
    sent = await booked(desk)
    body = json.dumps({"id": sent, "status": status}).encode()
    headers = signed(body, desk.clock.now)
    await api.http.post(f"{PATH}/receipts", content=body, headers=headers)
    before = await everything(desk)
    desk.clock.now += MINUTE
    answer = await api.http.post(f"{PATH}/receipts", content=body, headers=headers)
    assert answer.status_code == 204
    assert await everything(desk) == before


async def test_a_replayed_failure_of_a_reminder_does_not_remind_twice(desk: Desk, api: Api) -> None:
    sent = await reminded(desk)
    for _ in range(2):
        await tell(api, "receipts", {"id": sent, "status": "failed"})
        await desk.work()
        desk.clock.now += MINUTE
    assert len(desk.mailed) == 2
    assert len(desk.sent) == 1


async def test_what_was_delivered_cannot_fail_any_more(desk: Desk, api: Api) -> None:
    sent = await reminded(desk)
    await tell(api, "receipts", {"id": sent, "status": "delivered"})
    before = await everything(desk)
    await tell(api, "receipts", {"id": sent, "status": "failed"})
    assert await everything(desk) == before


async def test_what_has_failed_can_be_delivered_after_all(desk: Desk, api: Api) -> None:
    """Receipts can overtake one another."""
    sent = await booked(desk)
    await tell(api, "receipts", {"id": sent, "status": "failed"})
    await tell(api, "receipts", {"id": sent, "status": "delivered"})
    row = await desk.row("booked")
    assert (row.status, row.attempts, row.last_error) == ("sent", 1, None)
    assert row.delivered_at == desk.clock.now


@pytest.mark.parametrize("status", ["delivered", "failed"])
async def test_a_message_that_was_dropped_stays_dropped(desk: Desk, api: Api, status: str) -> None:
    sent = await booked(desk)
    row = await desk.row("booked")
    await desk.world.change(Notification, row.id, status="dropped")
    before = await everything(desk)
    await tell(api, "receipts", {"id": sent, "status": status})
    assert await everything(desk) == before


async def test_a_delivery_whose_answer_was_lost_ends_the_attempts(desk: Desk, api: Api) -> None:
    desk.gateway.hangs_up = True
    sent = await booked(desk)
    assert (await desk.row("booked")).status == "pending"
    desk.gateway.hangs_up = False
    await tell(api, "receipts", {"id": sent, "status": "delivered"})
    desk.clock.now += DAY
    await desk.work()
    assert len(desk.sent) == 1
    row = await desk.row("booked")
    assert (row.status, row.attempts, row.last_error) == ("sent", 1, None)


async def test_a_reminder_that_was_delivered_without_an_answer_goes_no_other_way(
    desk: Desk, api: Api
) -> None:
    desk.gateway.hangs_up = True
    sent = await reminded(desk)
    await tell(api, "receipts", {"id": sent, "status": "delivered"})
    desk.clock.now += 15 * MINUTE
    await desk.work()
    assert (len(desk.sent), len(desk.mailed)) == (1, 1)
    assert await desk.states() == [("reminder", "sent")]


WRONG: dict[str, dict[str, str]] = {
    "none": {"webhook-signature": ""},
    "no id": {"webhook-id": ""},
    "other id": {"webhook-id": "msg_2"},
    "no time": {"webhook-timestamp": ""},
    "other time": {"webhook-timestamp": "1796050801"},
    "no number": {"webhook-timestamp": "now"},
    "far away": {"webhook-timestamp": "9" * 30},
    "before all": {"webhook-timestamp": "-" + "9" * 30},
    "nonsense": {"webhook-signature": "v1,hunter2"},
    "other version": {"webhook-signature": "v1a,hunter2 v2"},
    "not ASCII": {"webhook-signature": "v1,\xff"},
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_a_wrong_signature_is_refused_and_changes_nothing(
    desk: Desk, api: Api, wrong: str
) -> None:
    body = json.dumps({"id": await booked(desk), "status": "failed"}).encode()
    before = await everything(desk)
    headers = signed(body, desk.clock.now) | WRONG[wrong]
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    answer = await api.http.post(f"{PATH}/receipts", content=body, headers=raw)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert answer.json()["detail"] == "The signature is missing, wrong or too old."
    assert await everything(desk) == before


async def test_a_signature_with_another_secret_or_of_another_body_is_refused(
    desk: Desk, api: Api
) -> None:
    sent = await booked(desk)
    before = await everything(desk)
    forged = await tell(api, "receipts", {"id": sent, "status": "failed"}, secret=OTHER_SECRET)
    assert forged.status_code == 401
    body = json.dumps({"id": sent, "status": "failed"}).encode()
    headers = signed(body.replace(b"failed", b"queued"), desk.clock.now)
    changed = await api.http.post(f"{PATH}/receipts", content=body, headers=headers)
    assert changed.status_code == 401
    unsigned = await api.http.post(f"{PATH}/receipts", json={"id": sent, "status": "failed"})
    assert unsigned.status_code == 401
    assert await everything(desk) == before


@pytest.mark.parametrize(
    ("off", "status"),
    [
        (TOLERATED, 204),
        (-TOLERATED, 204),
        (TOLERATED + timedelta(microseconds=1), 401),
        (-TOLERATED - timedelta(microseconds=1), 401),
    ],
)
async def test_a_signature_is_good_for_five_minutes(
    desk: Desk, api: Api, off: timedelta, status: int
) -> None:
    body = json.dumps({"id": await booked(desk), "status": "delivered"}).encode()
    headers = signed(body, desk.clock.now)
    desk.clock.now += off
    answer = await api.http.post(f"{PATH}/receipts", content=body, headers=headers)
    assert answer.status_code == status
    is_noted = (await desk.row("booked")).delivered_at is not None
    assert is_noted == (status == 204)


async def test_a_gateway_that_rotates_its_secret_signs_with_both(desk: Desk, api: Api) -> None:
    body = json.dumps({"id": await booked(desk), "status": "delivered"}).encode()
    ours, other = (signed(body, desk.clock.now, secret=secret) for secret in (SECRET, OTHER_SECRET))
    both = f"{other['webhook-signature']} {ours['webhook-signature']}"
    answer = await api.http.post(
        f"{PATH}/receipts", content=body, headers=ours | {"webhook-signature": both}
    )
    assert answer.status_code == 204


async def test_without_a_secret_nothing_is_taken(
    desk: Desk, settings: Settings, engine: AsyncEngine
) -> None:
    sent = await booked(desk)
    before = await everything(desk)
    without = settings.model_copy(update={"sms_url": None, "sms_from": "", "sms_secret": None})
    async with serve(without, desk.clock, engine) as api:
        for what in ("receipts", "incoming"):
            body = {"id": sent, "status": "failed"}
            answer = await tell(api, what, body)
            assert answer.status_code == 401
            answer = await tell_as_twilio(api, what, {"MessageStatus": "failed", "Body": "STOP"})
            assert answer.status_code == 401
    assert await everything(desk) == before


async def test_a_gateway_tells_of_the_messages_of_every_practice(
    desk: Desk, api: Api, engine: AsyncEngine, settings: Settings
) -> None:
    """An installation has one gateway, and an id is no secret: its signature is what counts."""
    other = await World(engine, settings).build()
    sent = await booked(desk)
    answer = await tell(
        api.signed_in(await other.key()), "receipts", {"id": sent, "status": "delivered"}
    )
    assert answer.status_code == 204
    assert (await desk.row("booked")).delivered_at == desk.clock.now
    assert await other.rows(Notification) == []


class Held:
    """A text message that the gateway has, and to which it does not answer yet."""

    def __init__(self, desk: Desk, row: Row[Any], attempt: asyncio.Task[str]) -> None:
        self.row = row
        self.id = message_id(desk.world.practice_id, row.id)
        self._desk = desk
        self._attempt = attempt
        self._go_on = desk.gateway.go_on

    @classmethod
    async def of(cls, desk: Desk, kind: str) -> "Held":
        """Send the text message of a kind that is due."""
        count = len(desk.sent)
        row = await desk.row(kind)
        desk.gateway.go_on = asyncio.Event()
        sending = send_text(desk.texts, desk.world.practice_id, row.id)
        attempt = asyncio.create_task(sending)
        await desk.gateway.wait_for(count + 1)
        row = await desk.row(kind)
        assert (row.status, row.leased_until) == ("pending", desk.clock.now + LEASE)
        return cls(desk, row, attempt)

    async def answer(self, status: int = 204) -> str:
        """Let the gateway answer, and return what the attempt says."""
        self._desk.gateway.status = status
        assert self._go_on is not None
        self._go_on.set()
        return await self._attempt


async def held(desk: Desk) -> Held:
    """Book a session, of which the text message is on its way."""
    await desk.scenario.book()
    (mail,) = await desk.world.rows(Notification, recipient="client", kind="booked")
    await send_notification(desk.mails, desk.world.practice_id, mail.id)
    return await Held.of(desk, "booked")


async def held_reminder(desk: Desk) -> Held:
    """Let a reminder be on its way as a text message."""
    await desk.come_to_reminder()
    (mail,) = await desk.world.rows(Notification, recipient="client", kind="reminder")
    await send_notification(desk.mails, desk.world.practice_id, mail.id)
    return await Held.of(desk, "reminder")


async def test_a_failure_told_before_the_answer_is_not_overwritten(desk: Desk, api: Api) -> None:
    text = await held(desk)
    answer = await tell(api, "receipts", {"id": text.id, "status": "failed"})
    assert answer.status_code == 204
    assert await text.answer() == "done"
    row = await desk.row("booked")
    assert (row.status, row.attempts, row.last_error) == ("failed", 1, "NotDelivered")
    assert row.leased_until is None


async def test_a_reminder_that_failed_before_the_answer_goes_by_mail(desk: Desk, api: Api) -> None:
    text = await held_reminder(desk)
    mails = len(desk.mailed)
    await tell(api, "receipts", {"id": text.id, "status": "failed"})
    assert await text.answer() == "done"
    await desk.work()
    assert len(desk.mailed) == mails + 1
    assert len(desk.sent) == 1
    assert (await desk.row("reminder", "mail")).status == "sent"


@pytest.mark.parametrize("status", [204, 503, 422])
async def test_a_delivery_told_before_the_answer_counts_whatever_the_answer_is(
    desk: Desk, api: Api, status: int
) -> None:
    text = await held(desk)
    await tell(api, "receipts", {"id": text.id, "status": "delivered"})
    await text.answer(status)
    row = await desk.row("booked")
    assert (row.status, row.attempts, row.last_error) == ("sent", 1, None)
    assert row.delivered_at == desk.clock.now


@pytest.mark.parametrize("said", ["delivered", "failed"])
async def test_a_receipt_and_the_answer_at_once_agree(desk: Desk, api: Api, said: str) -> None:
    """Whichever is first: the row is locked by both."""
    text = await held(desk)
    receipt = tell(api, "receipts", {"id": text.id, "status": said})
    await asyncio.gather(receipt, text.answer())
    row = await desk.row("booked")
    assert (row.status, row.attempts) == ("sent" if said == "delivered" else "failed", 1)


async def test_what_was_dropped_meanwhile_is_not_marked_as_sent(desk: Desk) -> None:
    """As an erasure does it, which waits for no gateway."""
    text = await held(desk)
    await desk.world.change(Notification, text.row.id, status="dropped")
    assert await text.answer() == "done"
    assert (await desk.row("booked")).status == "dropped"


async def test_an_attempt_whose_lease_has_ended_records_no_failure(desk: Desk) -> None:
    """Another worker has the message by then, and its result counts."""
    late = await held(desk)
    desk.clock.now += LEASE
    other = await Held.of(desk, "booked")
    assert await late.answer(422) == "waiting"
    assert (await desk.row("booked")).leased_until == desk.clock.now + LEASE
    assert await other.answer() == "sent"
    row = await desk.row("booked")
    assert (row.status, row.attempts, row.last_error) == ("sent", 1, None)


async def test_an_attempt_whose_lease_has_ended_records_its_success(desk: Desk) -> None:
    late = await held(desk)
    desk.clock.now += LEASE
    other = await Held.of(desk, "booked")
    assert await late.answer() == "sent"
    assert await other.answer(422) == "done"
    row = await desk.row("booked")
    assert (row.status, row.attempts, row.last_error) == ("sent", 1, None)


async def test_many_receipts_of_one_reminder_at_once_remind_once(desk: Desk, api: Api) -> None:
    sent = await reminded(desk)
    answers = await asyncio.gather(
        *(tell(api, "receipts", {"id": sent, "status": "failed"}) for _ in range(8))
    )
    assert {answer.status_code for answer in answers} == {204}
    await desk.work()
    assert len(desk.mailed) == 2
    assert (await desk.row("reminder", "mail")).attempts == 3


def test_twilios_own_example_of_a_signature_is_accepted() -> None:
    """The one of its documentation: the URL with its query, and the names in order."""
    form = [
        ("To", "+18005551212"),
        ("From", "+14158675309"),
        ("Digits", "1234"),
        ("Caller", "+14158675309"),
        ("CallSid", "CA1234567890ABCDE"),
    ]
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    check_twilio_signature("12345", url, form, "RSOYDt4T1cUTdK1PDd93/VVr8B8=")


@pytest.mark.parametrize(
    ("said", "status", "is_delivered"),
    [
        ("delivered", "sent", True),
        ("undelivered", "failed", False),
        ("failed", "failed", False),
        ("queued", "sent", False),
        ("sent", "sent", False),
        ("", "sent", False),
    ],
)
async def test_twilio_tells_what_became_of_a_message(
    desk: Desk, twilio: Api, said: str, status: str, *, is_delivered: bool
) -> None:
    sent = await booked(desk)
    form = {"MessageStatus": said, "MessageSid": "SM1", "To": "+12125550188", "ErrorMessage": "ü&="}
    answer = await tell_as_twilio(twilio, f"receipts?id={sent}", form)
    assert (answer.status_code, answer.content) == (204, b"")
    row = await desk.row("booked")
    assert (row.status, row.delivered_at is not None) == (status, is_delivered)


async def test_a_forged_form_of_twilio_is_refused_and_changes_nothing(
    desk: Desk, twilio: Api
) -> None:
    sent = await booked(desk)
    before = await everything(desk)
    path, form = f"receipts?id={sent}", {"MessageStatus": "failed", "To": "+12125550188"}
    url = f"https://reslot.example{PATH}/twilio/"
    items = [*form.items()]
    forged = [
        "",
        "hunter2",
        # Of another message, of another form, without the query, and over plain HTTP.
        twilio_signature(f"{url}receipts?id={'0' * 64}", items, TWILIO_TOKEN),
        twilio_signature(f"{url}{path}", [("MessageStatus", "sent")], TWILIO_TOKEN),
        twilio_signature(f"{url}receipts", items, TWILIO_TOKEN),
        twilio_signature(f"{url}{path}".replace("https", "http"), items, TWILIO_TOKEN),
    ]
    for signature in forged:
        answer = await tell_as_twilio(twilio, path, form, signature=signature)
        assert answer.status_code == 401
    answer = await tell_as_twilio(twilio, path, form, token="another")
    assert answer.status_code == 401
    assert await everything(desk) == before


@pytest.mark.parametrize(
    "query", ["", "?id=", "?id=x", "?id=%00", f"?id={'g' * 64}", "?other=1", "?id=1&id=2"]
)
async def test_a_status_of_twilio_without_a_good_id_changes_nothing(
    desk: Desk, twilio: Api, query: str
) -> None:
    await booked(desk)
    before = await everything(desk)
    answer = await tell_as_twilio(twilio, f"receipts{query}", {"MessageStatus": "failed"})
    assert answer.status_code == 204
    assert await everything(desk) == before


async def test_the_generic_gateways_paths_are_closed_where_twilio_is_the_gateway(
    desk: Desk, twilio: Api
) -> None:
    sent = await booked(desk)
    answer = await tell(twilio, "receipts", {"id": sent, "status": "failed"})
    assert answer.status_code == 401


async def test_twilio_signs_the_public_url_also_behind_a_proxy_with_a_prefix(
    desk: Desk, settings: Settings, engine: AsyncEngine
) -> None:
    sent = await booked(desk)
    public = "https://api.example/reslot"
    given = {"sms_url": SecretStr(TWILIO_URL), "public_url": public}
    form = [("MessageStatus", "delivered")]
    path = f"{PATH}/twilio/receipts?id={sent}"
    headers = {
        "Content-Type": FORM_TYPE,
        "X-Twilio-Signature": twilio_signature(f"{public}{path}", form, TWILIO_TOKEN),
    }
    async with serve(settings.model_copy(update=given), desk.clock, engine) as api:
        answer = await api.http.post(path, content=b"MessageStatus=delivered", headers=headers)
    assert answer.status_code == 204
    assert (await desk.row("booked")).delivered_at is not None
