"""Mails about a released time: somebody took it, or nobody did."""

import pytest

from app.mail.context import MailContext
from app.tables.notifications import Notification
from app.tables.practices import Client
from tests.notifications.postbox import Postbox
from tests.notifications.test_offers import send, text_of
from tests.waiting import (
    FREED,
    HOUR,
    RECORDED,
    Waiting,
    wait,
)
from tests.world import Api, TestClock, World

FEE = {"deadline": {"before_minutes": 60 * 24 * 30}, "percent": "100"}
RULES = {"cancel": {"fees": [FEE], "release": True}}


@pytest.fixture
async def waiting(world: World, api: Api) -> Waiting:
    """Ben has released the time of a session, and Ana waits."""
    await world.add_policy(RULES)
    made = await wait(world, api)
    await made.wish()
    own = api.signed_in(world.token(made.other_id))
    assert (await own.post(f"/v1/sessions/{made.taken_id}/release", {})).status_code == 201
    return made


TAKEN = {
    "en": "Somebody has taken the time that you wanted to give up, so your session is cancelled. "
    "That costs nothing.",
    "fr": "Une autre personne a pris l'horaire que vous vouliez céder ; votre rendez-vous est donc "
    "annulé, sans frais.",
    "de": "Jemand hat die Zeit übernommen, die Sie abgeben wollten. Ihr Termin ist deshalb "
    "abgesagt. Das kostet nichts.",
    "es": "Otra persona ha ocupado la hora que usted quería ceder; por eso su cita queda "
    "cancelada, sin coste.",
}
ENDED = {
    "en": ("Your session stays booked: December 3, 2026", "Nobody has taken the time"),
    "fr": ("Votre rendez-vous est maintenu\u00a0: 3 décembre 2026", "Personne n'a pris l'horaire"),
    "de": ("Ihr Termin bleibt bestehen: 3. Dezember 2026", "Niemand hat die Zeit übernommen"),
    "es": ("Su cita se mantiene: 3 de diciembre de 2026", "Nadie ha ocupado la hora"),
}


@pytest.mark.parametrize("language", list(TAKEN))
async def test_the_cancellation_says_that_the_time_was_taken_and_nothing_is_due(
    language: str, waiting: Waiting, context: MailContext, postbox: Postbox, world: World
) -> None:
    await world.change(Client, waiting.other_id, locale=language)
    await waiting.work()
    (offer,) = (await waiting.api.get("/v1/offers")).json()["items"]
    accepted = await waiting.api.post(f"/v1/offers/{offer['id']}/accept", {})
    assert accepted.status_code == 200, accepted.text
    assert await send(context, world, "cancelled") == ["sent", "sent"]
    (mail,) = [one for one in postbox.mails if "ben@client.example" in one["To"]]
    text = text_of(mail)
    assert TAKEN[language] in text
    assert "You cancelled" not in text
    assert "Ana" not in text
    entry, _ = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    assert "METHOD:CANCEL" in entry.get_content()
    (other,) = [one for one in postbox.mails if one is not mail]
    assert "Ben Okoro wanted to give up this time, and somebody else has taken it." in text_of(
        other
    )
    assert "cancelled this session" not in text_of(other)


@pytest.mark.parametrize("language", list(ENDED))
async def test_if_nobody_took_it_the_client_is_told_that_the_session_stays(
    language: str,
    waiting: Waiting,
    context: MailContext,
    postbox: Postbox,
    world: World,
    clock: TestClock,
) -> None:
    await world.change(Client, waiting.other_id, locale=language)
    clock.now = FREED - 2 * HOUR + RECORDED
    await waiting.work()
    assert await send(context, world, "release_ended") == ["sent"]
    (mail,) = [one for one in postbox.mails if "ben@client.example" in one["To"]]
    subject, sentence = ENDED[language]
    assert mail["Subject"].startswith(subject)
    text = text_of(mail)
    assert sentence in text
    assert "/portal/#" in text
    assert [part.get_content_type() for part in mail.walk()].count("text/calendar") == 0


async def test_the_mail_is_dropped_if_the_session_was_changed_meanwhile(
    waiting: Waiting,
    context: MailContext,
    postbox: Postbox,
    world: World,
    clock: TestClock,
) -> None:
    clock.now = FREED - 2 * HOUR + RECORDED
    await waiting.work()
    await waiting.free()
    assert await send(context, world, "release_ended") == ["dropped"]
    assert postbox.mails == []
    assert len(await world.rows(Notification, kind="release_ended")) == 1
