"""Short links of text messages: what a code opens, and when it opens nothing any more."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.configuration.settings import Settings
from app.database.engine import connect
from app.database.transactions import transact
from app.identity.short_links.codes import LENGTH, hash_code, is_code, make_code
from app.identity.tokens.link import Link
from app.notifications.delivery import send_notification
from app.notifications.sms.delivery import send_text
from app.tables.changes import Change
from app.tables.notifications import Notification
from app.tables.practices import Client, Practice, Service
from app.tables.sessions import Session
from app.tables.short_links import ShortLink
from app.tables.waitlist import Offer
from app.worker.run import tidy
from tests.notifications.scenario import START
from tests.races.test_waiting import wait_until_waiting
from tests.texting.desk import Desk
from tests.waiting import FREED, Waiting, offer_token, wait
from tests.world import NOW, REASON, Api, serve

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
LINKS = 30 * DAY
NEW_KEY = "new-key-0123456789-0123456789-012345"
NUMBER = "+12125550188"
WRONG = "aB3" * 5 + "x"
REQUESTS = "/v1/practice/move-requests"


@pytest.fixture
async def waiting(desk: Desk, api: Api) -> Waiting:
    """Two booked sessions; the client of the first one gets text messages."""
    return await wait(desk.world, api)


async def texted(desk: Desk) -> tuple[UUID, str]:
    """Book a session; give it, and the code of its text message."""
    session_id = await desk.scenario.book()
    await desk.work()
    return session_id, desk.said[-1].rpartition("#")[2]


async def offered(desk: Desk, waiting: Waiting) -> tuple[Any, str]:
    """Offer a time; give the offer, and the code of its text message."""
    await desk.work()
    offer = await waiting.offered()
    await desk.work()
    code = desk.said[-1].rpartition("#offer=")[2]
    assert is_code(code)
    return offer, code


async def opened(api: Api, code: str) -> Api:
    """Open a session's link; give a caller with its access token."""
    answer = await api.open_link(code)
    assert answer.status_code == 200, answer.text
    return api.signed_in(answer.json()["access_token"])


async def refusal(api: Api, code: str) -> tuple[int, str]:
    answer = await api.open_link(code)
    return answer.status_code, answer.json()["code"]


async def refused_offer(api: Api, code: str) -> str:
    return str((await api.post("/v1/offers/open", {"token": code})).json()["code"])


def hashed(desk: Desk, code: str) -> bytes:
    return hash_code(code, desk.settings.keys[-1])


INVALID, EXPIRED = (422, "link-invalid"), (410, "link-expired")


# The code


def test_a_code_is_the_same_on_each_attempt_and_another_for_all_else() -> None:
    first, second = UUID(int=1), UUID(int=2)
    link = Link(first, UUID(int=3), 0, 0)
    code = make_code(["old", "new"], second, NUMBER, link)
    assert is_code(code)
    assert code == make_code(["older", "new"], second, NUMBER, link)
    others = [
        make_code(["new", "old"], second, NUMBER, link),
        make_code(["new"], first, NUMBER, link),
        make_code(["new"], second, "+447400123456", link),
        make_code(["new"], second, NUMBER, link._replace(practice_id=second)),
        make_code(["new"], second, NUMBER, link._replace(address_generation=1)),
        make_code(["new"], second, NUMBER, link._replace(link_generation=1)),
    ]
    assert len({code, *others}) == 7


@pytest.mark.parametrize(
    "token", ["", "a" * 15, "a" * 17, "a" * 15 + "-", "ä" * 16, "a" * 16 + "\n"]
)
def test_another_shape_is_no_code(token: str) -> None:
    assert not is_code(token)


# The link to a session


async def test_it_does_what_the_link_of_a_mail_does(desk: Desk, stranger: Api) -> None:
    session_id, code = await texted(desk)
    assert len(code) == LENGTH
    before = await desk.world.rows(Session)
    answers = [await stranger.open_link(code) for _ in range(3)]
    of_mail = (await stranger.open_link(desk.world.link_token(session_id))).json()
    for answer in answers:
        body = answer.json()
        assert body["session"] == of_mail["session"]
        assert body["practice"] == of_mail["practice"]
    assert await desk.world.rows(Session) == before, "opening it changes nothing"
    by_code = await opened(stranger, code)
    assert (await by_code.get("/v1/sessions")).status_code == 403
    done = await by_code.cancel(session_id, reason=REASON)
    assert done.status_code == 200, done.text
    (change,) = await desk.world.rows(Change, kind="cancelled")
    assert change.actor == "link"


async def test_the_code_itself_is_no_access_token(desk: Desk, stranger: Api) -> None:
    session_id, code = await texted(desk)
    bearer = stranger.signed_in(code)
    assert (await bearer.get(f"/v1/sessions/{session_id}")).status_code == 401
    assert (await bearer.cancel(session_id, reason=REASON)).status_code == 401


async def test_it_survives_a_move(desk: Desk, stranger: Api) -> None:
    session_id, code = await texted(desk)
    by_code = await opened(stranger, code)
    assert (await by_code.reschedule(session_id, START + DAY)).status_code == 200
    shown = (await stranger.open_link(code)).json()["session"]
    assert (shown["id"], shown["version"]) == (str(session_id), 2)


async def test_revoked_links_end_it(desk: Desk, staff: Api) -> None:
    session_id, code = await texted(desk)
    by_code = await opened(staff, code)
    path = f"/v1/practice/sessions/{session_id}/links/revoke"
    assert (await staff.post(path, {})).is_success
    assert await refusal(staff, code) == INVALID
    assert (await by_code.get(f"/v1/sessions/{session_id}")).status_code == 401


@pytest.mark.parametrize(
    "change", [{"email": "ana@new.example"}, {"phone": "+44 7400 123456"}, {"phone": None}], ids=str
)
async def test_another_address_or_telephone_ends_it(
    desk: Desk, staff: Api, change: dict[str, str | None]
) -> None:
    _, code = await texted(desk)
    path = f"/v1/practice/clients/{desk.world.client_id}"
    assert (await staff.patch(path, {"name": "Ana R."})).status_code == 200
    await opened(staff, code)
    assert (await staff.patch(path, change)).status_code == 200
    assert await refusal(staff, code) == INVALID


async def test_what_is_tried_again_at_another_telephone_revives_no_old_code(
    desk: Desk, staff: Api
) -> None:
    """The first attempt may have arrived, although the gateway did not say so."""
    desk.gateway.status = 503
    _, code = await texted(desk)
    await opened(staff, code)
    path = f"/v1/practice/clients/{desk.world.client_id}"
    assert (await staff.patch(path, {"phone": "+44 7400 123456"})).status_code == 200
    desk.gateway.status = 200
    desk.clock.now += MINUTE
    await desk.work()
    assert desk.sent[-1]["to"] == "+447400123456"
    await opened(staff, desk.said[-1].rpartition("#")[2])
    assert await refusal(staff, code) == INVALID


@pytest.mark.parametrize("is_shared", [False, True])
async def test_a_telephone_that_changes_while_the_message_is_written_gets_no_link(
    desk: Desk, stranger: Api, settings: Settings, *, is_shared: bool
) -> None:
    """Nor if another client still has it."""
    if is_shared:
        await desk.world.add_client(email="other@client.example", texts_number=NUMBER)
    await desk.scenario.book()
    (mail,) = await desk.world.rows(Notification, recipient="client", kind="booked")
    await send_notification(desk.mails, desk.world.practice_id, mail.id)
    row = await desk.row("booked")
    holder = await connect(settings.owner_url)
    async with holder.transaction():
        await holder.execute(
            "UPDATE clients SET texts_number = '+447400123456' WHERE practice_id = $1 AND id = $2",
            desk.world.practice_id,
            desk.world.client_id,
        )
        sending = asyncio.create_task(send_text(desk.texts, desk.world.practice_id, row.id))
        await wait_until_waiting(desk.world, holder)
    await holder.close()
    assert await sending == "waiting"
    assert desk.sent == []
    assert await desk.world.rows(ShortLink) == []
    await desk.work()
    assert [one["to"] for one in desk.sent] == ["+447400123456"]
    await opened(stranger, desk.said[0].rpartition("#")[2])


async def test_a_message_that_is_tried_again_after_the_links_were_revoked_has_a_new_one(
    desk: Desk, staff: Api
) -> None:
    desk.gateway.status = 503
    session_id, old = await texted(desk)
    revoked = await staff.post(f"/v1/practice/sessions/{session_id}/links/revoke", {})
    assert revoked.is_success, revoked.text
    desk.gateway.status = 200
    desk.clock.now += MINUTE
    await desk.work()
    new = desk.said[-1].rpartition("#")[2]
    assert new != old
    await opened(staff, new)
    assert await refusal(staff, old) == INVALID


async def test_it_ends_thirty_days_after_the_session(desk: Desk, stranger: Api) -> None:
    _, code = await texted(desk)
    desk.clock.now = START + 50 * MINUTE + LINKS
    await opened(stranger, code)
    desk.clock.now += timedelta(microseconds=1)
    assert await refusal(stranger, code) == EXPIRED


async def test_at_a_closed_practice_it_is_expired(desk: Desk, stranger: Api) -> None:
    _, code = await texted(desk)
    await desk.world.change_all(Practice, closed_at=NOW)
    assert await refusal(stranger, code) == EXPIRED


async def test_a_guess_of_the_right_shape_is_invalid(desk: Desk, stranger: Api) -> None:
    _, code = await texted(desk)
    assert await refusal(stranger, WRONG) == INVALID
    assert await refusal(stranger, code.swapcase()) == INVALID
    assert await refusal(stranger, code[:-1]) == INVALID
    assert await refusal(stranger, hashed(desk, code).hex()) == INVALID


async def test_a_key_that_is_added_keeps_it_and_one_that_is_removed_ends_it(
    desk: Desk, engine: AsyncEngine
) -> None:
    _, code = await texted(desk)
    old = desk.settings.keys[-1]
    for keys, status in ((f"{old},{NEW_KEY}", 200), (NEW_KEY, 422)):
        async with serve(desk.settings.with_keys(keys), desk.clock, engine) as api:
            assert (await api.open_link(code)).status_code == status


# The link to an offer


async def test_an_offer_is_told_with_a_code_that_accepts_it(
    desk: Desk, waiting: Waiting, stranger: Api
) -> None:
    offer, code = await offered(desk, waiting)
    text = desk.said[-1].rpartition(" ")[0]
    assert text == (
        "Harbor Wellness: a time is free on Thu, Dec 3, 3:00 PM. "
        "Please answer by Mon, Nov 30, 11:00 AM."
    )
    shown = await stranger.post("/v1/offers/open", {"token": code})
    assert (shown.status_code, shown.json()["id"]) == (200, str(offer.id))
    bearer = stranger.signed_in(code)
    assert (await bearer.get(f"/v1/offers/{offer.id}")).status_code == 200
    done = await bearer.post(f"/v1/offers/{offer.id}/accept", {})
    assert done.status_code == 200, done.text
    (row,) = await desk.world.rows(Session, id=waiting.session_id)
    assert row.starts_at == FREED
    (change,) = await desk.world.rows(Change, subject="offer", kind="accepted")
    assert change.actor == "link"


async def test_a_code_opens_only_what_it_was_made_for(
    desk: Desk, waiting: Waiting, stranger: Api
) -> None:
    offer, code = await offered(desk, waiting)
    _, of_session = await texted(desk)
    assert await refusal(stranger, code) == INVALID
    assert await refused_offer(stranger, of_session) == "link-invalid"
    assert await refused_offer(stranger, WRONG) == "link-invalid"
    for bearer in (stranger.signed_in(of_session), stranger.signed_in(WRONG)):
        assert (await bearer.get(f"/v1/offers/{offer.id}")).status_code == 401
        assert (await bearer.post(f"/v1/offers/{offer.id}/accept", {})).status_code == 401
    bearer = stranger.signed_in(code)
    assert (await bearer.get(f"/v1/sessions/{waiting.session_id}")).status_code == 401
    assert (await bearer.get("/v1/offers")).status_code == 401
    assert (await bearer.get(f"/v1/offers/{waiting.other_id}")).status_code == 404
    assert [row.state for row in await desk.world.rows(Offer)] == ["open"]


@pytest.mark.parametrize("how", ["revoked", "email", "phone"])
async def test_the_code_of_an_offer_ends_as_that_of_a_session_does(
    desk: Desk, waiting: Waiting, how: str
) -> None:
    offer, code = await offered(desk, waiting)
    staff = waiting.staff
    if how == "revoked":
        path = f"/v1/practice/sessions/{waiting.session_id}/links/revoke"
        assert (await staff.post(path, {})).is_success
    else:
        change = {"email": {"email": "ana@new.example"}, "phone": {"phone": None}}[how]
        path = f"/v1/practice/clients/{desk.world.client_id}"
        assert (await staff.patch(path, change)).status_code == 200
    assert await refused_offer(staff, code) == "link-invalid"
    bearer = staff.signed_in(code)
    assert (await bearer.post(f"/v1/offers/{offer.id}/accept", {})).status_code == 401


async def test_an_offer_that_was_answered_is_not_told_any_more(
    desk: Desk, waiting: Waiting
) -> None:
    """The mail has left, and the text message waits for its gateway."""
    await desk.work()
    offer = await waiting.offered()
    desk.gateway.status = 503
    await desk.work()
    assert ("offer", "pending") in await desk.states()
    token = offer_token(desk.world, offer.id)
    bearer = waiting.api.signed_in(token)
    assert (await bearer.post(f"/v1/offers/{offer.id}/decline", {})).is_success
    count = len(desk.sent)
    desk.gateway.status = 200
    desk.clock.now += MINUTE
    await desk.work()
    assert ("offer", "dropped") in await desk.states()
    assert len(desk.sent) == count


@pytest.mark.parametrize(
    ("locale", "sentence"),
    [
        (
            "de-DE",
            "ein Termin ist frei geworden: Do., 3. Dez., 15:00 Uhr. Bitte antworten Sie bis ",
        ),
        ("fr-FR", "un horaire s'est libéré : jeu. 3 déc. à 15:00. Merci de répondre avant le "),
        ("es-ES", "hay una hora libre: jue, 3 dic, 15:00. Responda antes del "),
    ],
)
async def test_an_offer_is_told_in_the_clients_language(
    desk: Desk, waiting: Waiting, locale: str, sentence: str
) -> None:
    await desk.world.change(Client, desk.world.client_id, locale=locale)
    await offered(desk, waiting)
    assert sentence in desk.said[-1]


# Move requests


async def ask(
    staff: Api,
    session_id: UUID,
    meanwhile: str = "keep",
    answer_by: datetime = NOW + DAY,
    others: Sequence[UUID] = (),
) -> UUID:
    body = {
        "sessions": [str(one) for one in (session_id, *others)],
        "answer_by": answer_by.isoformat(),
        "meanwhile": meanwhile,
        "note": "Secret words",
    }
    answer = await staff.post(REQUESTS, body)
    assert answer.status_code == 201, answer.text
    return UUID(answer.json()["id"])


@pytest.mark.parametrize(
    ("locale", "meanwhile", "sentence"),
    [
        (
            "en-US",
            "keep",
            "please choose another time for your session on Thu, Dec 3, 10:00 AM, by Tue, Dec 1, ",
        ),
        (
            "en-US",
            "cancel",
            "on Thu, Dec 3, 10:00 AM is cancelled. Please choose another time by Tue, Dec 1, 10:0",
        ),
        ("de-DE", "keep", "eine andere Zeit für Ihren Termin am Do., 3. Dez., 10:00 Uhr."),
        ("fr-FR", "keep", "un autre horaire pour votre rendez-vous du jeu. 3 déc. à 10:00."),
        ("es-ES", "keep", "otra hora para su cita del jue, 3 dic, 10:00."),
    ],
)
async def test_a_move_request_is_told_without_its_note(
    desk: Desk, staff: Api, locale: str, meanwhile: str, sentence: str
) -> None:
    await desk.world.change(Client, desk.world.client_id, locale=locale)
    session_id, _ = await texted(desk)
    await ask(staff, session_id, meanwhile)
    await desk.work()
    assert sentence in desk.said[-1]
    assert "Secret" not in desk.said[-1]
    by_code = await opened(staff, desk.said[-1].rpartition("#")[2])
    moved = await by_code.reschedule(session_id, START + DAY)
    assert moved.status_code == 200, moved.text
    requests = (await staff.get(REQUESTS)).json()["items"]
    assert [one["state"] for item in requests for one in item["sessions"]] == ["moved"]


@pytest.mark.parametrize(
    ("locale", "meanwhile", "sentence"),
    [
        (
            "en-US",
            "keep",
            "please choose other times for your session on Thu, Dec 3, 10:00 AM and 1 more, by Tue",
        ),
        (
            "en-US",
            "cancel",
            "your session on Thu, Dec 3, 10:00 AM and 1 more are cancelled. Please choose other t",
        ),
        ("de-DE", "keep", "für Ihren Termin am Do., 3. Dez., 10:00 Uhr und 1 weiteren."),
        ("de-DE", "cancel", "Ihr Termin am Do., 3. Dez., 10:00 Uhr und 1 weiterer sind abgesagt."),
        ("fr-FR", "cancel", "votre rendez-vous du jeu. 3 déc. à 10:00 et 1 autre sont annulés."),
        ("es-ES", "cancel", "se han cancelado su cita del jue, 3 dic, 10:00 y 1 cita adicional."),
    ],
)
async def test_a_move_request_for_several_sessions_counts_the_sessions(
    desk: Desk, staff: Api, locale: str, meanwhile: str, sentence: str
) -> None:
    await desk.world.change(Client, desk.world.client_id, locale=locale)
    session_id, _ = await texted(desk)
    other = await desk.world.book(START + DAY)
    await ask(staff, session_id, meanwhile, others=[other])
    await desk.work()
    assert any(sentence in text for text in desk.said), desk.said


@pytest.mark.parametrize("meanwhile", ["keep", "cancel"])
async def test_a_move_request_ends_with_the_start(desk: Desk, staff: Api, meanwhile: str) -> None:
    """As in the mail and in the API: after it nobody can answer, whatever `answer_by` says."""
    session_id, _ = await texted(desk)
    await ask(staff, session_id, meanwhile, START + 30 * DAY)
    await desk.work()
    assert "by Thu, Dec 3, 10:00 AM" in desk.said[-1]


async def test_a_move_request_that_was_withdrawn_is_not_told_any_more(
    desk: Desk, staff: Api
) -> None:
    session_id, _ = await texted(desk)
    desk.gateway.status = 503
    asked = await ask(staff, session_id)
    await desk.work()
    assert ("move_request", "pending") in await desk.states()
    assert (await staff.post(f"{REQUESTS}/{asked}/withdraw", {})).is_success
    count = len(desk.sent)
    desk.gateway.status = 200
    desk.clock.now += MINUTE
    await desk.work()
    assert ("move_request", "dropped") in await desk.states()
    assert all("choose another time" not in text for text in desk.said[count:])


# Deleting


async def test_the_worker_deletes_what_opens_nothing_any_more(
    desk: Desk, waiting: Waiting, stranger: Api
) -> None:
    _, of_offer = await offered(desk, waiting)
    await desk.world.change_all(Service, reminder_minutes=[])
    _, code = await texted(desk)
    kept = {row.code_hash for row in await desk.world.rows(ShortLink)}
    assert {hashed(desk, code), hashed(desk, of_offer)} <= kept

    async def tidied(now: Any) -> set[bytes]:
        await transact(desk.world.engine, partial(tidy, now=now, links=LINKS))
        return {row.code_hash for row in await desk.world.rows(ShortLink)}

    end = START + 50 * MINUTE
    assert await tidied(end + LINKS) == kept
    await opened(stranger, code)
    left = await tidied(end + LINKS + timedelta(microseconds=1))
    assert hashed(desk, code) not in left
    assert hashed(desk, of_offer) in left
    left = await tidied(FREED + 50 * MINUTE + LINKS + timedelta(microseconds=1))
    assert hashed(desk, of_offer) not in left
    assert await refusal(stranger, code) == INVALID
