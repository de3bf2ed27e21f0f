"""`reslot practice` and `reslot key`: opening a practice, giving it keys, closing it."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from app.configuration.settings import Settings
from app.database.engine import create_engine
from app.tables.changes import Change
from app.tables.practices import Practice
from tests.fixtures.command_line import build, refusal, run
from tests.pictures import SVG, picture
from tests.world import World

# The commands search all practices.
pytestmark = [pytest.mark.alone, pytest.mark.usefixtures("shell")]


def test_an_operator_opens_a_practice_and_gives_it_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    mail = ("--email", "hello@lake.example")
    practice_id = run("practice", "create", "--name", "Lake", "--currency", "EUR", *mail).strip()
    assert run("practice", "list") == f"{practice_id}  Lake\n"
    text = run("keys", "create", "--practice", "Lake", "--name", "Front desk").strip()
    assert text.startswith(f"rk_{practice_id.replace('-', '')}")
    (listed,) = run("keys", "list", "--practice", practice_id).splitlines()
    assert "write" in listed
    assert "Front desk" in listed
    assert text[-43:] not in listed
    key_id = listed.split()[0]
    run("keys", "revoke", "--practice", "Lake", key_id)
    assert "revoked" in run("keys", "list", "--practice", "Lake")
    again = ("practice", "create", "--name", " Lake ", "--currency", "EUR", *mail)
    assert refusal(monkeypatch, *again) == (
        f"reslot: The practice {practice_id} has this name: choose another one."
    )
    assert refusal(monkeypatch, "keys", "revoke", "--practice", "Lake", str(uuid4())) == (
        "reslot: There is no key with this id in this practice: see `reslot keys list`."
    )


@pytest.mark.parametrize(
    "words",
    [
        ("keys", "create", "--name", "Front desk", "--practice"),
        ("keys", "list", "--practice"),
        ("keys", "revoke", str(uuid4()), "--practice"),
        ("practice", "close"),
        ("practice", "reopen"),
        ("practice", "change", "--accent", "#2a6f6b"),
        ("client", "export", str(uuid4()), "--practice"),
        ("client", "erase", str(uuid4()), "--reason", "By letter.", "--practice"),
    ],
)
def test_an_unknown_practice_is_named(
    monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    assert refusal(monkeypatch, *words, "Sea") == (
        "reslot: There is no practice Sea: see `reslot practice list`."
    )


def test_an_operator_gives_a_practice_its_look(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path
) -> None:
    world = asyncio.run(build(settings))[0]
    change = ("practice", "change", str(world.practice_id))
    logo = tmp_path / "logo.png"
    logo.write_bytes(picture())
    look = ("--accent", "#2A6F6B", "--sender-name", "The team", "--footer", "A\nB")
    assert run(*change, *look, "--logo", str(logo)) == "The practice is changed.\n"
    (row,) = asyncio.run(looks(settings))
    assert row[:3] == ("#2a6f6b", "The team", "A\nB")
    assert row.logo.endswith(".png")
    assert "Nothing to change" in refusal(monkeypatch, *change)
    run(*change, "--footer", "", "--no-logo")
    assert asyncio.run(looks(settings)) == [("#2a6f6b", "The team", None, None)]
    for option, value, reason in (
        ("--accent", "teal", "--accent: "),
        ("--website", "http://x.example", "--website: must be a web address that begins with"),
        ("--name", "", "--name: "),
    ):
        assert reason in refusal(monkeypatch, *change, option, value)
    for content, reason in (
        (SVG, "--logo: must be a PNG, JPEG or WebP picture that is not damaged."),
        (bytes(102_401), "--logo: the file has more than 100 KiB."),
    ):
        logo.write_bytes(content)
        assert reason in refusal(monkeypatch, *change, "--logo", str(logo))


def test_an_operator_says_what_text_messages_may_tell(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    world = asyncio.run(build(settings))[0]
    change = ("practice", "change", str(world.practice_id))
    run(*change, "--text-details", "service", "--text-details", "practitioner")
    assert asyncio.run(details(world)) == ["practitioner", "service"]
    run(*change, "--phone", "+1 212 555 0100")
    assert asyncio.run(details(world)) == ["practitioner", "service"]
    assert "--text-details: " in refusal(monkeypatch, *change, "--text-details", "reason")
    run(*change, "--text-details", "")
    assert asyncio.run(details(world)) == []


async def details(world: World) -> list[str]:
    engine = create_engine(world.settings.service_url, pool_size=1)
    async with engine.connect() as db:
        found = await db.scalar(
            select(Practice.text_details).where(Practice.practice_id == world.practice_id)
        )
    await engine.dispose()
    assert found is not None
    return found


async def looks(settings: Settings) -> list[Any]:
    engine = create_engine(settings.service_url, pool_size=1)
    columns = (Practice.accent, Practice.sender_name, Practice.footer, Practice.logo)
    async with engine.connect() as db:
        found = (await db.execute(select(*columns))).all()
    await engine.dispose()
    return list(found)


@pytest.mark.parametrize(
    "words",
    [
        ("keys", "create", "--name", "Front desk", "--practice"),
        ("keys", "list", "--practice"),
        ("keys", "revoke", str(uuid4()), "--practice"),
        ("practice", "close"),
        ("practice", "reopen"),
        ("practice", "change", "--accent", "#2a6f6b"),
        ("token", "--client", "ana@client.example", "--practice"),
    ],
)
def test_a_name_that_two_practices_have_is_refused_as_ambiguous(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, words: tuple[str, ...]
) -> None:
    """Both practices chose the name themselves: an operator cannot create the second one."""
    worlds = [asyncio.run(build(settings))[0] for _ in range(2)]
    ids = sorted(str(world.practice_id) for world in worlds)
    assert refusal(monkeypatch, *words, "Harbor Wellness") == (
        f"reslot: Several practices have this name: say which by its id, of {ids[0]}, {ids[1]}."
    )


def test_a_closed_practice_is_listed_and_gets_no_new_keys_or_tokens(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    world, session_id = asyncio.run(build(settings))
    practice_id = str(world.practice_id)
    for _ in range(2):
        assert run("practice", "close", practice_id) == "The practice is closed.\n"
    assert "  Harbor Wellness  closed 20" in run("practice", "list")
    for words in (
        ("keys", "create", "--name", "x", "--practice", practice_id),
        ("link", str(session_id)),
    ):
        assert "is closed" in refusal(monkeypatch, *words)
    assert refusal(monkeypatch, "token", "--client", "ana@client.example") == (
        "reslot: There is no active client with this address in a practice that is open."
    )
    assert run("keys", "list", "--practice", practice_id) == ""
    for _ in range(2):
        assert run("practice", "reopen", "Harbor Wellness") == "The practice is open.\n"
    assert run("practice", "list") == f"{practice_id}  Harbor Wellness\n"
    assert run("token", "--client", "ana@client.example")
    assert run("link", str(session_id))
    assert asyncio.run(kinds_of(settings, world.practice_id)) == ["closed", "reopened"]


async def kinds_of(settings: Settings, practice_id: UUID) -> list[str]:
    engine = create_engine(settings.service_url, pool_size=1)
    async with engine.connect() as db:
        found = await db.scalars(
            select(Change.kind)
            .where(Change.practice_id == practice_id, Change.subject == "practice")
            .order_by(Change.at)
        )
        kinds = list(found)
    await engine.dispose()
    return kinds


@pytest.mark.parametrize(
    ("name", "currency", "email", "sentence"),
    [
        (" ", "EUR", "a@b.example", "--name"),
        ("\u200b\u3164", "EUR", "a@b.example", "--name: must have at least one visible character."),
        ("a\nb", "EUR", "a@b.example", "--name: must be one line"),
        ("Lake", "EURO", "a@b.example", "currency"),
        ("Lake", "XXX", "a@b.example", "XXX is no ISO 4217 currency"),
        ("Lake", "XAU", "a@b.example", "XAU is no ISO 4217 currency"),
        ("Lake", "DEM", "a@b.example", "DEM is no ISO 4217 currency"),
        ("Lake", "EUR", "nowhere", "email address"),
        ("Lake", "EUR", "jö@b.example", "--email: must be an email address"),
    ],
)
def test_a_practice_needs_a_valid_name_currency_and_address(
    monkeypatch: pytest.MonkeyPatch, name: str, currency: str, email: str, sentence: str
) -> None:
    words = ("--name", name, "--currency", currency, "--email", email)
    assert sentence in refusal(monkeypatch, "practice", "create", *words)
    assert run("practice", "list") == ""


def test_a_key_needs_a_visible_name(monkeypatch: pytest.MonkeyPatch) -> None:
    mail = ("--email", "lake@lake.example")
    run("practice", "create", "--name", "Lake", "--currency", "EUR", *mail)
    words = ("keys", "create", "--practice", "Lake", "--name", "\u2800")
    assert "--name: must be visible characters" in refusal(monkeypatch, *words)
    assert run("keys", "list", "--practice", "Lake") == ""
