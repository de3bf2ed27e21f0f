"""The practice's own look (product.md section 10, "Looks")."""

from datetime import timedelta
from typing import Any

import pytest

from app.domain.session import Format
from app.tables.changes import Change
from app.tables.practices import Location
from tests.api.practice.test_records import pointers
from tests.world import NOW, Api, World

PATH = "/v1/practice"
LOOK = {
    "accent": "#2A6F6B",
    "website": "https://harbor.example/book?from=mail",
    "sender_name": "The Harbor team",
    "address": "12 Harbor Street\nNew York, NY 10004",
    "welcome": "Welcome back.\nWe are glad to see you.",
    "footer": "Harbor Wellness LLC",
}


async def test_clients_get_the_look_with_everything_that_names_the_practice(
    api: Api, staff: Api, stranger: Api, world: World
) -> None:
    answer = await staff.patch(PATH, LOOK)
    assert answer.status_code == 200
    assert {name: answer.json()[name] for name in LOOK} == LOOK | {"accent": "#2a6f6b"}
    session_id = await world.book(NOW + timedelta(days=3))
    own = (await api.get("/v1/me")).json()["practice"]
    by_link = (await stranger.open_link(world.link_token(session_id))).json()["practice"]
    assert own == by_link
    assert (own["address"], own["website"]) == (LOOK["address"], LOOK["website"])
    assert own["look"] == {
        "accent": "#2a6f6b",
        "logo_url": None,
        "welcome": LOOK["welcome"],
        "footer": LOOK["footer"],
    }
    (entry,) = await world.rows(Change, subject="practice")
    assert entry.details == {"fields": sorted(LOOK)}


async def test_what_was_not_chosen_is_null(api: Api) -> None:
    practice = (await api.get("/v1/me")).json()["practice"]
    assert (practice["address"], practice["website"]) == (None, None)
    assert practice["look"] == dict.fromkeys(("accent", "logo_url", "welcome", "footer"))


async def test_null_clears_a_part_and_leaves_the_others(staff: Api) -> None:
    await staff.patch(PATH, LOOK)
    await staff.patch(PATH, {"accent": None, "footer": None})
    shown = (await staff.get(PATH)).json()
    assert (shown["accent"], shown["footer"]) == (None, None)
    assert (shown["welcome"], shown["website"]) == (LOOK["welcome"], LOOK["website"])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("accent", "teal"),
        ("accent", "#2a6f6"),
        ("accent", "#2a6f6b80"),
        ("accent", "#2a6f6b\n"),
        ("accent", "#\uff12a6f6b"),
        ("accent", "red;background:url(//evil.example)"),
        ("accent", 7),
        ("website", "http://harbor.example"),
        ("website", "javascript:alert(1)"),
        ("website", "https://"),
        ("website", "https://harbor.example/ x"),
        ("website", "harbor.example"),
        ("sender_name", "x" * 81),
        ("sender_name", "Harbor\r\nBcc: all@example.com"),
        ("sender_name", "\u200b"),
        ("address", "x" * 501),
        ("welcome", "x" * 501),
        ("welcome", " "),
        ("footer", "a\x00b"),
        ("footer", ["a"]),
        ("logo", "x.png"),
        ("logo_url", "/x.png"),
    ],
)
async def test_nonsense_is_named_and_changes_nothing(staff: Api, field: str, value: Any) -> None:
    await staff.patch(PATH, LOOK)
    before = (await staff.get(PATH)).json()
    assert pointers(await staff.patch(PATH, {field: value})) == [f"/{field}"]
    assert (await staff.get(PATH)).json() == before


async def test_a_location_has_a_zone_of_its_own_or_that_of_the_practitioner(
    api: Api, staff: Api, world: World
) -> None:
    session_id = await world.book(
        NOW + timedelta(days=3), format=Format.IN_PERSON, location_id=world.location_id
    )
    shown = (await api.session(session_id))["format"]["location"]
    assert shown["time_zone"] == "America/New_York"
    path = f"/v1/practice/locations/{world.location_id}"
    assert (await staff.get(path)).json()["time_zone"] is None
    changed = await staff.patch(path, {"time_zone": "America/Phoenix"})
    assert changed.json()["time_zone"] == "America/Phoenix"
    session = await api.session(session_id)
    assert session["format"]["location"]["time_zone"] == "America/Phoenix"
    places = [one["location"] for one in session["formats"] if one["location"]]
    assert [place["time_zone"] for place in places] == ["America/Phoenix"]
    assert pointers(await staff.patch(path, {"time_zone": "Mars/Base"})) == ["/time_zone"]
    assert (await staff.patch(path, {"time_zone": None})).json()["time_zone"] is None


async def test_a_pushed_location_without_a_zone_has_none(staff: Api, world: World) -> None:
    path = "/v1/practice/locations/by-ref/room-2"
    body = {"name": "Room 2", "address": "2 Mill Lane", "time_zone": "Europe/Paris"}
    assert (await staff.put(path, body)).json()["time_zone"] == "Europe/Paris"
    del body["time_zone"]
    assert (await staff.put(path, body)).json()["time_zone"] is None
    assert len(await world.rows(Location)) == 2
