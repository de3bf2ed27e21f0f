"""Signing in by mail: the form, the link in the mail, the stored token, and signing out."""

import json
from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import expect

from app.tables.sessions import Session
from tests.portal.front_door import (
    LINKS,
    REFRESH,
    SIGN_OUT,
    SIGN_OUT_EVERYWHERE,
    TOKENS,
    FrontDoor,
)
from tests.portal.postman import Postman, link_in
from tests.portal.visitor import Visitor, answer_with
from tests.waiting import offer_token, wait
from tests.world import NOW, Api, World

START = NOW + timedelta(days=3)
SENT = (
    "If we know this address, an email is on its way. The link in it works once, for ten minutes."
)


async def _ask(visitor: Visitor, address: str = "ana@client.example") -> None:
    await visitor.page.goto(visitor.settings.portal_url)
    await visitor.page.get_by_label("Email address").fill(address)
    await visitor.press("Send me a link")


async def test_the_whole_way_from_the_address_to_signing_out(
    ana: Visitor, door: FrontDoor, postman: Postman, world: World, staff: Api
) -> None:
    rules = {"cancel": {"fees": [{"deadline": {"before_minutes": 10_000}, "amount_minor": 4500}]}}
    await world.add_policy(rules)
    past = await world.book(NOW - timedelta(days=7), now=NOW - timedelta(days=9))
    await world.book(START)
    done = await staff.post(f"/v1/practice/sessions/{past}/fulfilled", {})
    assert done.status_code == 200
    await _ask(ana)
    await ana.read(SENT)
    mail = await postman.bring_sign_in()
    assert "Subject: Your sign-in link" in mail
    await ana.page.goto("about:blank")
    await ana.page.goto(link_in(mail))
    await ana.press("Sign in")
    await ana.see("Your upcoming sessions")
    await ana.page.get_by_role("link", name="Follow-up").click()
    await ana.press("Cancel session")
    await ana.give_reason()
    await ana.press("Cancel for $45.00")
    await ana.see("Your session is cancelled")
    await ana.press("Past and cancelled")
    await expect(ana.page.locator(".state")).to_have_text(["Cancelled", "Completed"])
    await ana.press("Fees")
    await ana.see("Your fees")
    await ana.read("$45.00")
    await ana.read("Due: the practice collects it")
    token = await door.refresh_token()
    async with ana.page.expect_response(f"**{SIGN_OUT}"):
        await ana.press("Sign out")
    await ana.read("You are signed out.")
    assert await door.post(REFRESH, token) == 401


async def test_signing_out_forgets_the_link_of_an_offer_too(
    ana: Visitor, door: FrontDoor, world: World, staff: Api
) -> None:
    """Who uses the window next cannot answer it."""
    waiting = await wait(world, staff.signed_in(world.token()))
    offer = await waiting.offered()
    await ana.page.goto(f"{ana.settings.portal_url}#offer={offer_token(world, offer.id)}")
    await ana.see("A time is free for you")
    await door.sign_in()
    async with ana.page.expect_response(f"**{SIGN_OUT}"):
        await ana.press("Sign out")
    await ana.read("You are signed out.")
    for _ in range(3):
        await ana.page.go_back()
        await expect(ana.button("Take the new time")).to_have_count(0)


async def test_the_form_sends_the_address_and_tells_the_next_step(
    ana: Visitor, door: FrontDoor
) -> None:
    await ana.page.goto(ana.settings.portal_url)
    await ana.see("Sign in")
    field = ana.page.get_by_label("Email address")
    await expect(field).to_have_attribute("autocomplete", "email")
    await field.fill(" ana@client.example ")
    await field.press("Enter")
    await expect(ana.page.locator("#sent")).to_be_focused()
    await ana.read(SENT)
    await ana.press("Send it again")
    await ana.read("another email is on its way")
    assert ana.bodies(LINKS) == [{"email": "ana@client.example"}] * 2
    await ana.press("Use another address")
    await expect(field).to_be_focused()
    assert "client.example" not in json.dumps([await door.kept(), ana.page.url])


@pytest.mark.parametrize("address", ["", "  ", "ana", "ana ruiz@client.example"])
async def test_an_invalid_address_is_not_sent(ana: Visitor, address: str) -> None:
    await _ask(ana, address)
    await ana.read("Please type a whole email address")
    await expect(ana.page.get_by_label("Email address")).to_be_focused()
    assert ana.sent(LINKS) == []


async def test_an_address_that_the_service_refuses_is_marked(ana: Visitor) -> None:
    await _ask(ana, "<ana@client.example>")
    field = ana.page.get_by_label("Email address")
    await expect(field).to_be_focused()
    await expect(field).to_have_attribute("aria-invalid", "true")
    await expect(field).to_have_accessible_description(
        "Please type a whole email address, such as name@example.com."
    )
    await field.fill("ana@client.example")
    await ana.press("Send me a link")
    await ana.read(SENT)


async def test_after_too_many_requests_the_page_tells_to_wait(ana: Visitor) -> None:
    refusal = answer_with("rate-limited", 429, retry_after=60)
    await ana.page.route(f"**{LINKS}", refusal, times=1)
    await _ask(ana)
    await expect(ana.alert).to_contain_text("The sentence of rate-limited.")
    await expect(ana.alert).to_contain_text("Please wait 60 seconds.")
    await ana.press("Try again")
    await ana.read(SENT)


async def test_the_link_signs_in_on_a_click_and_not_before(ana: Visitor, door: FrontDoor) -> None:
    link = await door.link()
    await ana.page.goto(link)
    await ana.see("You are almost there")
    await ana.page.wait_for_load_state("networkidle")
    assert ana.page.url == ana.settings.portal_url
    assert ana.calls() == []
    await ana.button("Sign in").dblclick()
    await ana.see("Your upcoming sessions")
    assert ana.bodies(TOKENS) == [{"token": link.partition("#sign-in=")[2]}]
    await expect(ana.page.get_by_text("Harbor Wellness")).to_be_visible()
    await expect(ana.page.get_by_text("Signed in as Ana Ruiz")).to_be_visible()
    assert ana.page.url == f"{ana.settings.portal_url}#/upcoming"


async def test_only_the_refresh_token_is_stored(ana: Visitor, door: FrontDoor) -> None:
    link = await door.link()
    await ana.page.goto(link)
    async with ana.page.expect_response(f"**{TOKENS}") as coming:
        await ana.press("Sign in")
    token = (await (await coming.value).json())["refresh_token"]
    await ana.see("Your upcoming sessions")
    assert await door.kept() == [[["reslot-refresh", token]], {}, "", [], [], ""]
    state = json.dumps(await ana.page.evaluate("history.state"))
    assert "WyJ" not in state
    assert "Ana" not in state
    secrets = {link.partition("#sign-in=")[2], token}
    assert all(secret not in request.url for request in ana.requests for secret in secrets)


async def test_a_used_link_leads_to_a_new_one(ana: Visitor, door: FrontDoor) -> None:
    link = await door.link()
    for _ in range(2):
        await ana.page.goto("about:blank")
        await ana.page.goto(link)
        await ana.press("Sign in")
        if not ana.sent(SIGN_OUT):
            await ana.see("Your upcoming sessions")
            await ana.press("Sign out")
            await ana.see("Sign in")
    await expect(ana.alert).to_contain_text("This link does not work.")
    await expect(ana.page.get_by_label("Email address")).to_be_visible()
    assert (await door.kept())[0] == []


async def test_a_link_page_loaded_again_asks_for_the_link(ana: Visitor, door: FrontDoor) -> None:
    await ana.page.goto(await door.link())
    await ana.see("You are almost there")
    await ana.page.reload()
    await ana.see("Sign in")
    await ana.read("You are not signed in yet.")
    assert ana.sent(TOKENS) == []


async def test_an_exchange_without_a_response_can_be_retried(ana: Visitor, door: FrontDoor) -> None:
    await ana.page.goto(await door.link())
    await ana.page.route(f"**{TOKENS}", answer_with("rate-limited", 429), times=1)
    await ana.press("Sign in")
    await expect(ana.alert).to_be_focused()
    await ana.press("Try again")
    await ana.see("Your upcoming sessions")


async def test_after_a_reload_the_client_is_signed_in_and_in_the_same_view(
    ana: Visitor, door: FrontDoor, world: World
) -> None:
    await world.book(START)
    await door.sign_in()
    first = await door.refresh_token()
    await ana.page.get_by_role("link", name="Follow-up").click()
    await ana.see("Follow-up")
    await ana.page.reload()
    await ana.see("Follow-up")
    await expect(ana.page.get_by_text("Signed in as Ana Ruiz")).to_be_visible()
    assert ana.bodies(REFRESH) == [{"refresh_token": first}]
    assert await door.refresh_token() != first
    await ana.page.go_back()
    await ana.see("Your upcoming sessions")


async def test_calls_at_the_same_time_share_one_refresh(
    ana: Visitor, door: FrontDoor, world: World
) -> None:
    await world.book(START)
    await door.sign_in()
    await ana.page.get_by_role("link", name="Follow-up").click()
    await expect(ana.button("Phone")).to_be_visible()
    await ana.press("All sessions")
    await ana.see("Your upcoming sessions")
    ana.clock.now += timedelta(minutes=61)
    refused = []
    ana.page.on("response", lambda answer: refused.append(answer.status))
    # The details are still in memory. They load two formats at once, to offer them at this time.
    await ana.page.get_by_role("link", name="Follow-up").click()
    await expect(ana.button("Phone")).to_be_visible()
    assert refused.count(401) == 2
    assert len(ana.sent(REFRESH)) == 1


async def test_two_concurrent_refusals_cause_one_refresh_and_both_calls_are_repeated(
    ana: Visitor, door: FrontDoor
) -> None:
    await door.sign_in()
    ana.clock.now += timedelta(minutes=61)
    found = await ana.page.evaluate(
        """async ([access, refresh]) => {
          const { Api } = await import('./api.js');
          const api = new Api();
          api.hold({ access, refresh });
          const pages = await Promise.all([api.sessions('past'), api.packages(), api.me()]);
          return pages.length }""",
        ["WyJvbGQiXQ.a", await door.refresh_token()],
    )
    assert found == 3
    assert len(ana.sent(REFRESH)) == 1


async def test_a_refresh_without_a_network_does_not_sign_out(ana: Visitor, door: FrontDoor) -> None:
    await door.sign_in()
    first = await door.refresh_token()
    ana.clock.now += timedelta(minutes=61)
    await ana.page.route(f"**{REFRESH}", answer_with("rate-limited", 429), times=1)
    await ana.press("Packages")
    await ana.see("That did not work")
    await ana.press("Try again")
    await ana.see("Your packages")
    assert await door.refresh_token() != first


async def _be_signed_out_in_the_middle(visitor: Visitor, door: FrontDoor) -> None:
    """Lose the sign-in at the last step of a move, after the reason was entered."""
    await visitor.page.get_by_role("link", name="Follow-up").click()
    await visitor.choose_time("11:00 AM")
    await visitor.give_reason("Family")
    await visitor.page.get_by_label("Would you like to add something?").fill("My son's play.")
    visitor.clock.now += timedelta(minutes=61)
    await door.end_family()
    await visitor.press("Confirm")
    await visitor.see("Sign in")
    await visitor.read("Your sign-in has ended. What you had not confirmed has not been done.")


async def test_an_unfinished_move_is_kept_for_the_same_person(
    ana: Visitor, door: FrontDoor, world: World
) -> None:
    session_id = await world.book(START)
    await door.sign_in()
    await _be_signed_out_in_the_middle(ana, door)
    assert (await door.kept())[0] == []
    await expect(ana.page.get_by_text("Thursday, December 3")).to_have_count(0)
    await ana.page.get_by_label("Link from the message").fill(await door.link())
    await ana.press("Open")
    await ana.see("Confirm your new time")
    await expect(ana.page.get_by_role("radio", name="Family")).to_be_checked()
    await expect(ana.page.get_by_label("Would you like to add")).to_have_value("My son's play.")
    await ana.press("Confirm")
    await ana.see("Your session has moved")
    (session,) = await world.rows(Session, id=session_id)
    assert session.starts_at == START + timedelta(hours=1)


async def test_another_person_does_not_see_the_unfinished_move(
    ana: Visitor, door: FrontDoor, world: World
) -> None:
    await world.book(START)
    await world.add_client(name="Ben Ode", email="ben@client.example")
    await door.sign_in()
    await _be_signed_out_in_the_middle(ana, door)
    ben = FrontDoor(ana, door.postman, "ben@client.example")
    await ana.page.evaluate("link => { location.href = link }", await ben.link())
    await ana.press("Sign in")
    await ana.see("Your upcoming sessions")
    await ana.read("You have no upcoming sessions.")
    await expect(ana.page.get_by_text("Signed in as Ben Ode")).to_be_visible()


async def test_an_invalid_refresh_token_leads_to_the_form(ana: Visitor, door: FrontDoor) -> None:
    await door.sign_in()
    await door.end_family()
    await ana.page.reload()
    await ana.see("Sign in")
    await ana.read("Your sign-in has ended.")
    assert (await door.kept())[0] == []
    await expect(ana.page.get_by_role("navigation")).to_have_count(0)


async def test_signing_out_deletes_the_token_at_once_and_revokes_its_family(
    ana: Visitor, door: FrontDoor, world: World
) -> None:
    await world.book(START)
    await door.sign_in()
    await ana.press("Past and cancelled")
    await ana.see("Your past and cancelled sessions")
    token = await door.refresh_token()
    async with ana.page.expect_response(f"**{SIGN_OUT}"):
        await ana.press("Sign out")
    await ana.see("Sign in")
    await ana.read("You are signed out.")
    assert ana.bodies(SIGN_OUT) == [{"refresh_token": token}]
    assert await door.post(REFRESH, token) == 401
    assert (await door.kept())[0] == []
    await expect(ana.button("Sign out")).to_have_count(0)
    await ana.page.go_back()
    await expect(ana.page.get_by_text("Follow-up")).to_have_count(0)
    await ana.page.reload()
    await ana.see("Sign in")
    assert ana.sent(REFRESH) == []


async def test_signing_out_works_without_a_network(ana: Visitor, door: FrontDoor) -> None:
    await door.sign_in()
    await ana.page.route(f"**{SIGN_OUT}", lambda route: route.abort())
    await ana.press("Sign out")
    await ana.read("You are signed out.")
    assert (await door.kept())[0] == []


async def test_signing_out_everywhere_needs_a_confirmation(ana: Visitor, door: FrontDoor) -> None:
    await door.sign_in()
    await ana.press("Sign out everywhere")
    await ana.see("Sign out everywhere?")
    assert ana.sent(SIGN_OUT_EVERYWHERE) == []
    await ana.press("Stay signed in")
    await ana.see("Your upcoming sessions")
    await ana.press("Sign out everywhere")
    await ana.see("Sign out everywhere?")
    await ana.page.route(f"**{SIGN_OUT_EVERYWHERE}", answer_with("rate-limited", 429), times=1)
    main = ana.page.get_by_role("main")
    await main.get_by_role("button", name="Sign out everywhere").click()
    await expect(ana.alert).to_be_focused()
    token = await door.refresh_token()
    await ana.press("Try again")
    await ana.see("Sign in")
    await ana.read("You are signed out everywhere.")
    assert (await door.kept())[0] == []
    assert await door.post(REFRESH, token) == 401


async def _authorizations(visitor: Visitor, path: str) -> list[Any]:
    found = [r for r in visitor.requests if path in r.url]
    return [(await request.all_headers()).get("authorization") for request in found]


async def test_a_session_link_and_a_sign_in_are_separate(
    ana: Visitor, door: FrontDoor, world: World
) -> None:
    other = await world.add_client(name="Ben Ode", email="ben@client.example")
    theirs = await world.book(START + timedelta(days=1), client_id=other)
    await world.book(START)
    await door.sign_in()
    await ana.page.evaluate("token => { location.hash = token }", world.link_token(theirs))
    await ana.see("Follow-up")
    await ana.read("Friday, December 4")
    await expect(ana.page.get_by_role("navigation")).to_have_count(0)
    await ana.press("Cancel session")
    await ana.see("Cancel this session?")
    await ana.page.go_back()
    await ana.see("Follow-up")
    await ana.page.go_back()
    await ana.see("Your upcoming sessions")
    await ana.read("Thursday, December 3")
    await expect(ana.page.get_by_text("Friday, December 4")).to_have_count(0)
    await ana.page.go_forward()
    await ana.read("Friday, December 4")
    await ana.press("All sessions")
    await ana.see("Your upcoming sessions")
    lists = await _authorizations(ana, "/v1/sessions?")
    links = await _authorizations(ana, f"/v1/sessions/{theirs}/availability")
    assert lists
    assert links
    assert set(lists).isdisjoint(links)
    await ana.page.go_back()
    await ana.read("Friday, December 4")
    await ana.page.reload()
    await ana.read("Friday, December 4")
    await ana.press("All sessions")
    await ana.see("Your upcoming sessions")


async def test_a_bad_session_link_does_not_sign_out(ana: Visitor, door: FrontDoor) -> None:
    await door.sign_in()
    await ana.page.evaluate("location.hash = 'a.b'")
    await expect(ana.alert).to_contain_text("This link does not work.")
    await ana.press("Upcoming")
    await ana.see("Your upcoming sessions")
