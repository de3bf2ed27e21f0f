"""The contact of a client: the practitioner, or the practice where the practitioner has none."""

from datetime import timedelta
from typing import Any

import pytest

from app.domain.session import Contact, contact_for_client
from app.tables.practices import Practice, Service
from tests.world import NOW, Api, World, decisions

START = NOW + timedelta(days=3)
OWN = {"email": "maya@harbor.example", "phone": "+1 212 555 0100"}
PRACTICE = {"email": "hello@harbor.example", "phone": "+1 212 555 0199"}
NEVER = {action: {"enabled": False} for action in ("cancel", "reschedule", "change_format")}


async def reach(world: World, email: str | None, phone: str | None) -> None:
    """Set the practice's phone, and the practitioner's own contact details."""
    async with world.engine.begin() as db:
        await db.execute(
            Practice.__table__.update()  # type: ignore[attr-defined] # a table, not a selectable
            .where(Practice.practice_id == world.practice_id)
            .values(phone=PRACTICE["phone"])
        )
    await world.change_practitioner(email=email, phone=phone)


CASES: list[tuple[str | None, str | None, dict[str, Any]]] = [
    (OWN["email"], OWN["phone"], {"name": "Dr. Maya Chen", **OWN}),
    (OWN["email"], None, {"name": "Dr. Maya Chen", **OWN, "phone": PRACTICE["phone"]}),
    (None, OWN["phone"], {"name": "Dr. Maya Chen", **OWN, "email": PRACTICE["email"]}),
    (None, None, {"name": "Harbor Wellness", **PRACTICE}),
]


@pytest.mark.parametrize(("email", "phone", "expected"), CASES)
async def test_every_answer_names_who_can_be_reached(
    api: Api, staff: Api, world: World, email: str | None, phone: str | None, expected: Any
) -> None:
    await world.add_policy(NEVER)
    await reach(world, email, phone)
    session_id = await world.book(START)
    shown = await api.session(session_id)
    (listed,) = (await api.get("/v1/sessions")).json()["items"]
    (by_staff,) = (await staff.get("/v1/practice/sessions")).json()["items"]
    link = (await api.open_link(world.link_token(session_id))).json()["session"]
    for found in (shown, listed, by_staff, link):
        assert found["practitioner"]["name"] == "Dr. Maya Chen"
        assert found["practitioner"]["contact"] == expected
    refused = await api.cancel(session_id)
    assert (refused.json()["code"], refused.json()["contact"]) == ("action-disabled", expected)
    assert refused.json()["detail"].endswith(f"Please contact {expected['name']}.")
    for action in decisions(shown).values():
        assert action["refusal"]["contact"] == expected
        assert action["refusal"]["message"].endswith(f"Please contact {expected['name']}.")
    empty = (await api.availability(session_id))["empty_reason"]
    assert (empty["code"], empty["contact"]) == ("reschedule_refused", expected)


async def test_where_nothing_is_free_the_practice_is_named(api: Api, world: World) -> None:
    await reach(world, None, None)
    session_id = await world.book(START)
    await world.change(Service, world.service_id, horizon_days=1, minimum_notice_minutes=2880)
    empty = (await api.availability(session_id))["empty_reason"]
    assert empty["contact"] == {"name": "Harbor Wellness", **PRACTICE}


async def test_a_practitioner_may_have_no_address(staff: Api) -> None:
    path = "/v1/practice/practitioners"
    body = {"name": "Dr. Lee", "time_zone": "America/New_York"}
    made = await staff.post(path, body)
    assert (made.status_code, made.json()["email"]) == (201, None)
    own = f"{path}/{made.json()['id']}"
    given = await staff.patch(own, {"email": "lee@harbor.example"})
    assert given.json()["email"] == "lee@harbor.example"
    assert (await staff.patch(own, {"email": None})).json()["email"] is None
    for nobody in ("", "lee"):
        answer = await staff.patch(own, {"email": nobody})
        assert answer.json()["errors"][0]["pointer"] == "/email"


def test_there_is_a_contact_if_practitioner_or_practice_has_one() -> None:
    for email in (None, "a@x.example"):
        for phone in (None, "", "1"):
            found = contact_for_client(Contact("A", email, phone), Contact("P", "p@x.example", "2"))
            assert found.email == (email or "p@x.example")
            assert found.phone == (phone or "2")
            assert found.name == ("A" if email or phone else "P")
