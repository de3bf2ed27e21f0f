"""Mails that are under way while their client is erased: nobody waits, and nothing is left."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from functools import partial

import pytest
from httpx import Response
from sqlalchemy import select
from structlog.testing import capture_logs

from app.database.transactions import transact
from app.identity.sign_in.delivery import LONGEST_WAIT, send_sign_in
from app.identity.sign_in.request_link import ask_for_link, hash_address
from app.mail.context import MailContext
from app.notifications.delivery import send_notification
from app.tables.identity import SignIn, SignInRequest
from app.tables.notifications import Notification
from app.tables.practices import Client
from tests.notifications.postbox import Postbox
from tests.notifications.scenario import Scenario
from tests.world import NOW, Api, TestClock, World

ANA = "ana@client.example"


async def erase(staff: Api, world: World) -> Response:
    body = {"reason": {"note": "Asked for by letter."}, "force": True}
    return await staff.post(f"/v1/practice/clients/{world.client_id}/erase", body)


@asynccontextmanager
async def sending(postbox: Postbox, attempt: Awaitable[None]) -> AsyncIterator[None]:
    """Begin an attempt whose mail server does not answer before the end of the block."""
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        reached.set()
        await go_on.wait()

    postbox.on_recipient = wait
    task = asyncio.ensure_future(attempt)
    try:
        await reached.wait()
        yield
    finally:
        postbox.on_recipient = None
        go_on.set()
        await task


async def test_a_mail_that_is_tried_again_goes_to_nobody(
    staff: Api, world: World, context: MailContext, postbox: Postbox, clock: TestClock
) -> None:
    """Also to the practitioner: it would be about somebody whom nobody knows any more."""
    session_id = await Scenario(world, clock).book()
    assert (await erase(staff, world)).status_code == 200
    mails = [
        row
        for row in await world.rows(Notification, session_id=session_id)
        if row.kind == "booked" and row.recipient != "webhook"
    ]
    for mail in mails:
        # As if a worker had been sending it, and failed.
        await world.change(Notification, mail.id, status="pending", finished_at=None)
        await send_notification(context, world.practice_id, mail.id)
    assert postbox.mails == []
    after = await world.rows(Notification, session_id=session_id, kind="booked")
    assert {row.status for row in after} == {"dropped"}
    assert len(mails) == 2


async def test_erasing_does_not_wait_for_a_mail_that_is_sent_again(
    staff: Api, world: World, context: MailContext, postbox: Postbox, clock: TestClock
) -> None:
    """What the worker writes afterwards names nobody, and the next attempt drops the mail."""
    session_id = await Scenario(world, clock).book()
    mail = partial(world.rows, Notification, session_id=session_id, kind="booked")
    (first,) = await mail(recipient="client")
    await world.change(Notification, first.id, attempts=1, last_error="SMTPConnectError")
    postbox.data_refusal = f"450 no room for {ANA}"
    async with sending(postbox, send_notification(context, world.practice_id, first.id)):
        erased = await erase(staff, world)
    assert erased.status_code == 200, erased.text
    (row,) = await mail(recipient="client")
    assert (row.status, row.attempts, row.last_error) == ("pending", 2, "SMTPDataError 450")
    clock.now = row.attempt_at
    postbox.data_refusal = None
    await send_notification(context, world.practice_id, first.id)
    assert {row.status for row in await mail()} == {"dropped"}
    assert postbox.mails == []


@pytest.mark.alone
@pytest.mark.parametrize("refusal", [None, f"450 no room for {ANA}"])
async def test_erasing_does_not_wait_for_a_sign_in_link_that_is_sent(
    staff: Api,
    world: World,
    context: MailContext,
    postbox: Postbox,
    clock: TestClock,
    refusal: str | None,
) -> None:
    """The worker deletes the request with the address; the link is of no use."""
    # The reference is unique, so taking it needs the row for itself.
    await world.change(Client, world.client_id, external_ref="ana")
    hashed = hash_address(world.settings.keys, ANA)
    ask = partial(ask_for_link, address=ANA, address_hash=hashed, now=NOW)
    await transact(world.engine, ask)
    async with world.engine.connect() as db:
        request_id = (await db.scalars(select(SignInRequest.id))).one()
    postbox.data_refusal = refusal
    with capture_logs() as logs:
        async with sending(postbox, send_sign_in(context, request_id)):
            erased = await erase(staff, world)
        clock.now = NOW + LONGEST_WAIT
        await send_sign_in(context, request_id)
    assert erased.status_code == 200, erased.text
    assert ANA not in str(logs)
    assert len(postbox.mails) == (1 if refusal is None else 0)
    async with world.engine.connect() as db:
        assert (await db.execute(select(SignInRequest.__table__))).all() == []
    (client,) = await world.rows(Client)
    links = await world.rows(SignIn)
    assert all(link.token_generation < client.token_generation for link in links)
