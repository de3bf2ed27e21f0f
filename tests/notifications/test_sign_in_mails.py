"""The sign-in mail: its recipients, its texts, and the life of the request."""

import asyncio
import re
from datetime import timedelta
from email.message import EmailMessage
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from httpx import Response
from sqlalchemy import func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from structlog.testing import capture_logs

from app.configuration.settings import Settings
from app.database.transactions import transact
from app.directory.practice.repository import PracticeRepository
from app.identity.queries import select_clients_with
from app.identity.sign_in import delivery
from app.identity.sign_in.cleanup import tidy_sign_ins
from app.identity.sign_in.delivery import send_sign_in
from app.identity.sign_in.find_clients import find_clients
from app.identity.sign_in.request_link import ask_for_link, hash_address
from app.mail.context import MailContext
from app.mail.folder import list_mails
from app.mail.senders import make_sender
from app.mail.texts.formatter import texts_in
from app.tables.identity import SignIn, SignInCounter, SignInFamily, SignInRequest
from app.tables.practices import Client
from tests.notifications.postbox import Postbox
from tests.world import NOW, TestClock, World, serve

# A sign-in looks for the address at every practice.
pytestmark = pytest.mark.alone

ANA = "ana@client.example"


async def ask(world: World, address: str = ANA) -> UUID:
    """Request a link, and return the request's id."""
    hashed = hash_address(world.settings.keys, address)
    command = partial(ask_for_link, address=address, address_hash=hashed, now=NOW)
    await transact(world.engine, command)
    async with world.engine.connect() as db:
        latest = select(SignInRequest.id).where(SignInRequest.address == address)
        found = await db.scalar(latest)
    assert found is not None
    return found


async def another_practice(world: World, name: str, **client: Any) -> World:
    """Create another practice, where Ana is a client too."""
    other = World(world.engine, world.settings)

    async def command(db: AsyncConnection) -> None:
        people = PracticeRepository(db, other.practice_id)
        await people.open_practice(name=name, currency="EUR", email="hello@other.example")

    await transact(world.engine, command)
    await other.add_client(id=other.client_id, **client)
    return other


async def count(engine: AsyncEngine, table: Any) -> int:
    async with engine.connect() as db:
        return await db.scalar(select(func.count()).select_from(table)) or 0


def bodies(mail: EmailMessage) -> tuple[str, str]:
    """Return the plain text and the HTML."""
    parts = list(mail.iter_parts())
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
    return parts[0].get_content(), parts[1].get_content()


def tokens(mail: EmailMessage) -> list[str]:
    """Return the tokens of a mail, which are the same in both parts."""
    plain, html = bodies(mail)
    pattern = re.compile(r"https://reslot\.example/portal/#sign-in=([\w.-]+)")
    assert pattern.findall(plain) == pattern.findall(html)
    return pattern.findall(plain)


async def exchange(world: World, token: str, now: Any = NOW) -> Response:
    async with serve(world.settings, TestClock(now)) as api:
        return await api.post("/v1/auth/tokens", {"token": token})


async def test_from_the_request_to_a_mail_that_signs_in(
    context: MailContext, world: World, postbox: Postbox
) -> None:
    request_id = await ask(world)
    await send_sign_in(context, request_id)
    (mail,) = postbox.mails
    assert postbox.recipients == [ANA]
    assert str(mail["From"]) == "Harbor Wellness <no-reply@reslot.example>"
    assert str(mail["To"]) == "Ana Ruiz <ana@client.example>"
    assert mail["Subject"] == "Your sign-in link"
    assert mail["Message-ID"] == f"<{request_id}@reslot.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    for body in bodies(mail):
        assert "Harbor Wellness: Ana Ruiz" in body
        assert "within ten minutes" in body
    (token,) = tokens(mail)
    answer = await exchange(world, token)
    assert answer.status_code == 200
    assert answer.json()["client"]["id"] == str(world.client_id)
    assert await count(world.engine, SignInRequest) == 0
    (row,) = await world.rows(SignIn)
    assert row.expires_at == NOW + timedelta(minutes=10)


async def test_case_does_not_matter_and_the_mail_goes_to_the_stored_address(
    context: MailContext, world: World, postbox: Postbox
) -> None:
    await send_sign_in(context, await ask(world, "ANA@Client.Example"))
    assert postbox.recipients == [ANA]


async def test_lookalike_letters_are_another_mailbox(
    context: MailContext, world: World, postbox: Postbox
) -> None:
    await world.add_client(email="kim@client.example")
    kelvin = "\u212aim@client.example"
    assert kelvin.lower() == "kim@client.example"
    await send_sign_in(context, await ask(world, kelvin))
    assert postbox.mails == []


async def test_an_unknown_address_gets_no_mail_and_leaves_nothing(
    context: MailContext, world: World, postbox: Postbox
) -> None:
    with capture_logs() as logs:
        await send_sign_in(context, await ask(world, "nobody@client.example"))
    assert postbox.mails == []
    assert await count(world.engine, SignInRequest) == 0
    assert await count(world.engine, SignIn) == 0
    assert logs[-1]["outcome"] == "nobody"
    assert "client.example" not in str(logs)


async def test_an_inactive_client_gets_no_mail(
    context: MailContext, world: World, postbox: Postbox
) -> None:
    await world.change(Client, world.client_id, active=False)
    await send_sign_in(context, await ask(world))
    assert postbox.mails == []


async def test_an_address_of_several_gets_one_mail_with_a_link_for_each(
    context: MailContext, world: World, postbox: Postbox
) -> None:
    son_id = await world.add_client(name="Ben Ruiz", email="Ana@Client.example")
    other = await another_practice(world, "Alder <b>Clinic</b>")
    await send_sign_in(context, await ask(world))
    (mail,) = postbox.mails
    assert str(mail["From"]) == "Sign-in <no-reply@reslot.example>"
    assert str(mail["To"]) == ANA
    plain, html = bodies(mail)
    labels = ["Alder <b>Clinic</b>: Ana Ruiz", "Harbor Wellness: Ana Ruiz"]
    labels += ["Harbor Wellness: Ben Ruiz"]
    assert [line for line in plain.splitlines() if "Ruiz" in line] == labels
    assert "Choose where you want to sign in" in plain
    assert "Alder &lt;b&gt;Clinic&lt;/b&gt;: Ana Ruiz" in html
    found = [(await exchange(world, token)).json()["client"]["id"] for token in tokens(mail)]
    assert found == [str(id_) for id_ in (other.client_id, world.client_id, son_id)]


async def test_several_clients_of_one_practice_get_one_mail_from_it(
    context: MailContext, world: World, postbox: Postbox
) -> None:
    await world.add_client(name="Ben Ruiz")
    await send_sign_in(context, await ask(world))
    (mail,) = postbox.mails
    assert str(mail["From"]) == "Harbor Wellness <no-reply@reslot.example>"
    assert str(mail["To"]) == ANA


async def test_a_mail_has_twenty_links_at_most(world: World) -> None:
    for number in range(24):
        await world.add_client(name=f"Client {number:02}", email="crowd@client.example")
    async with world.engine.connect() as db:
        people = await find_clients(db, "crowd@client.example")
    assert [person.name for person in people] == [f"Client {number:02}" for number in range(20)]


async def test_each_practice_has_a_link_before_any_has_a_second(
    context: MailContext, world: World, postbox: Postbox
) -> None:
    """A practice could take all places of the mail, and send it in its own name."""
    other = await another_practice(world, "AAA")
    for number in range(24):
        await other.add_client(name=f"A{number:02}", email=ANA)
    await world.add_client(name="Ben Ruiz")
    await send_sign_in(context, await ask(world))
    (mail,) = postbox.mails
    assert str(mail["From"]) == "Sign-in <no-reply@reslot.example>"
    plain, _ = bodies(mail)
    labels = [line for line in plain.splitlines() if line.startswith(("AAA: ", "Harbor"))]
    theirs = [f"AAA: A{number:02}" for number in range(18)]
    assert labels == [*theirs, "Harbor Wellness: Ana Ruiz", "Harbor Wellness: Ben Ruiz"]


MANY_CLIENTS = """
    INSERT INTO clients (practice_id, id, name, email, time_zone, locale, token_generation,
                         address_generation)
    SELECT :practice_id, gen_random_uuid(), 'Client ' || n, n || '@many.example', 'UTC', 'en', 0, 0
      FROM generate_series(1, 1000) AS n
"""


@pytest.mark.own_database
async def test_the_address_is_looked_up_practice_by_practice_through_its_index(
    world: World, owner_engine: AsyncEngine
) -> None:
    statement = select_clients_with(ANA).compile(
        dialect=world.engine.dialect, compile_kwargs={"literal_binds": True}
    )
    async with owner_engine.connect() as db:
        # Of a few clients all indexes cost the same.
        await db.execute(text(MANY_CLIENTS), {"practice_id": world.practice_id})
        await db.execute(text("ANALYZE clients"))
        await db.execute(text("SET LOCAL enable_seqscan = off"))
        plan = "\n".join(await db.scalars(text(f"EXPLAIN {statement}")))
    assert "ix_clients_email" in plan
    assert "(practice_id = practices.practice_id) AND (lower(email) =" in plan


@pytest.mark.parametrize(
    ("locale", "subject", "button"),
    [
        ("en-GB", "Your sign-in link", "Sign in"),
        ("fr-CA", "Votre lien de connexion", "Se connecter"),
        ("de", "Ihr Link zum Anmelden", "Anmelden"),
        ("es-419", "Su enlace de acceso", "Iniciar sesión"),
        ("pt-BR", "Your sign-in link", "Sign in"),
    ],
)
async def test_the_mail_speaks_the_clients_language(
    context: MailContext, world: World, postbox: Postbox, locale: str, subject: str, button: str
) -> None:
    await world.change(Client, world.client_id, locale=locale)
    await send_sign_in(context, await ask(world))
    (mail,) = postbox.mails
    assert mail["Subject"] == subject
    _, html = bodies(mail)
    assert f">{button}</a>" in html
    assert f'<html lang="{texts_in(locale).language}">' in html


async def test_names_add_no_header_and_no_line(
    context: MailContext, world: World, postbox: Postbox
) -> None:
    name = "Ana\r\nBcc: eve@x.example <eve@x.example>"
    await world.change(Client, world.client_id, name=name)
    await send_sign_in(context, await ask(world))
    (mail,) = postbox.mails
    assert mail["Bcc"] is None
    assert postbox.recipients == [ANA]
    assert "\nBcc" not in bodies(mail)[0]


async def test_a_mail_that_failed_is_tried_again_with_the_same_links(
    context: MailContext, world: World, postbox: Postbox, clock: TestClock
) -> None:
    request_id = await ask(world)
    postbox.data_refusal = "450 not now, ana@client.example"
    with capture_logs() as logs:
        await send_sign_in(context, request_id)
        # Not sent before the next attempt is due.
        await send_sign_in(context, request_id)
    [line] = logs
    assert line["event"] == "sign_in_delayed"
    # The id of a request of the API is `request_id`.
    assert (line["sign_in_request_id"], "request_id" in line) == (str(request_id), False)
    assert "client.example" not in str(logs)
    assert await count(world.engine, SignInRequest) == 1
    assert await count(world.engine, SignIn) == 0
    postbox.data_refusal = None
    clock.now = NOW + timedelta(minutes=9)
    await send_sign_in(context, request_id)
    (token,) = tokens(postbox.mails[0])
    later = NOW + timedelta(minutes=18)
    assert (await exchange(world, token, later)).status_code == 200


async def test_a_mail_is_given_up_ten_minutes_after_the_request(
    context: MailContext, world: World, postbox: Postbox, clock: TestClock
) -> None:
    request_id = await ask(world)
    clock.now = NOW + timedelta(minutes=10, microseconds=1)
    with capture_logs() as logs:
        await send_sign_in(context, request_id)
    assert postbox.mails == []
    assert await count(world.engine, SignInRequest) == 0
    assert (logs[-1]["log_level"], logs[-1]["outcome"]) == ("warning", "given_up")


async def test_an_address_that_refuses_mail_is_given_up(
    context: MailContext, world: World, postbox: Postbox
) -> None:
    postbox.refusal = "550 no such person"
    with capture_logs() as logs:
        await send_sign_in(context, await ask(world))
    assert (logs[-1]["log_level"], logs[-1]["outcome"]) == ("warning", "given_up")
    assert await count(world.engine, SignInRequest) == 0
    assert await count(world.engine, SignIn) == 0


async def test_a_request_is_answered_once(
    context: MailContext, world: World, postbox: Postbox
) -> None:
    request_id = await ask(world)
    await asyncio.gather(send_sign_in(context, request_id), send_sign_in(context, request_id))
    await send_sign_in(context, request_id)
    assert len(postbox.mails) == 1


class AccidentError(Exception):
    """The process dies, or its connection is lost."""


async def test_a_connection_lost_after_the_mail_was_accepted_sends_no_second_one(
    context: MailContext, world: World, postbox: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    accidents = 1
    real = transact

    async def sometimes(engine: AsyncEngine, command: Any) -> Any:
        async def then_die(db: AsyncConnection) -> Any:
            nonlocal accidents
            done = await command(db)
            if accidents:
                accidents -= 1
                raise AccidentError
            return done

        return await real(engine, then_die)

    monkeypatch.setattr(delivery, "transact", sometimes)
    await send_sign_in(context, await ask(world))
    (mail,) = postbox.mails
    assert (await exchange(world, tokens(mail)[0])).status_code == 200
    assert await count(world.engine, SignInRequest) == 0


async def test_after_a_crash_the_copy_has_the_same_id_and_the_same_links(
    context: MailContext, world: World, postbox: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    request_id = await ask(world)
    real = transact

    async def die(engine: AsyncEngine, command: Any) -> Any:
        async def then_die(db: AsyncConnection) -> None:
            await command(db)
            raise AccidentError

        return await real(engine, then_die)

    monkeypatch.setattr(delivery, "transact", die)
    await send_sign_in(context, request_id)
    monkeypatch.setattr(delivery, "transact", real)
    await send_sign_in(context, request_id)
    first, second = postbox.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert tokens(first) == tokens(second)
    assert (await exchange(world, tokens(first)[0])).status_code == 200


async def test_without_a_mail_server_the_mail_lands_in_the_folder(
    engine: AsyncEngine, settings: Settings, world: World, clock: TestClock
) -> None:
    context = MailContext(engine, make_sender(settings), settings, clock)
    await send_sign_in(context, await ask(world))
    (mail,) = list_mails(settings.mail_folder)
    assert mail.subject == "Your sign-in link"


# Cleanup


async def test_only_expired_sign_in_data_is_deleted(world: World) -> None:
    ages = {"old": timedelta(days=7), "young": timedelta(days=7) - timedelta(seconds=1)}
    for age in ages.values():
        await world.add(SignIn, client_id=world.client_id, token_generation=0, expires_at=NOW - age)
    month = timedelta(days=30)
    ends = [(NOW - month, None), (NOW + month, NOW - month), (NOW + month, NOW), (NOW, None)]
    for expires_at, ended_at in ends:
        await world.add(
            SignInFamily,
            client_id=world.client_id,
            token_generation=0,
            number=1,
            rotated_at=NOW - month,
            expires_at=expires_at,
            ended_at=ended_at,
        )
    counters = [
        {"address_hash": name, "since": NOW - timedelta(minutes=minutes), "count": 3}
        for name, minutes in ((b"old", 15), (b"young", 14))
    ]
    await transact(world.engine, lambda db: db.execute(insert(SignInCounter), counters))
    await transact(world.engine, lambda db: tidy_sign_ins(db, NOW))
    (sign_in,) = await world.rows(SignIn)
    assert sign_in.expires_at == NOW - ages["young"]
    families = {(row.expires_at, row.ended_at) for row in await world.rows(SignInFamily)}
    assert families == {(NOW + month, NOW), (NOW, None)}
    async with world.engine.connect() as db:
        assert list(await db.scalars(select(SignInCounter.address_hash))) == [b"young"]
