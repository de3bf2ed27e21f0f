"""Texts for clients are in the language of `Accept-Language` (product.md section 10)."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from httpx import Response

from app.configuration.settings import Settings
from app.texts.catalogue import LANGUAGES
from tests.world import NOW, Api, TestClock, World, serve

START = NOW + timedelta(days=3)
GERMAN = {"Accept-Language": "de-AT, en;q=0.5"}
FRENCH = {"Accept-Language": "fr"}
ORIGIN = "https://portal.example"


def is_in(answer: Response, language: str) -> bool:
    """Tell whether a response declares this language and varies by `Accept-Language`."""
    varies = answer.headers["Vary"].split(", ")
    return answer.headers["Content-Language"] == language and "Accept-Language" in varies


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_problem_is_in_the_readers_language(stranger: Api, language: str) -> None:
    answer = await stranger.get("/v1/me", headers={"Accept-Language": language})
    assert is_in(answer, language)
    texts = LANGUAGES[language]
    assert answer.json()["title"] == texts("problem.unauthorized.title")
    assert answer.json()["detail"] == texts("problem.unauthorized.detail")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("given", [None, "Bearer rk_wrong", "Basic YTpi"])
async def test_software_is_told_of_its_key_and_not_to_sign_in(
    stranger: Api, language: str, given: str | None
) -> None:
    headers = {"Accept-Language": language} | ({"Authorization": given} if given else {})
    answer = await stranger.get("/v1/practice/sessions", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert answer.json()["detail"] == LANGUAGES[language]("unauthorized.api-key")


async def test_without_a_preference_it_is_english(stranger: Api) -> None:
    answer = await stranger.get("/v1/me")
    assert is_in(answer, "en")
    assert answer.json()["title"] == "Not signed in"


async def test_several_lines_are_one_list(api: Api) -> None:
    lines = [("Accept-Language", "de;q=0.5"), ("Accept-Language", "es;q=0.9")]
    answer = await api.http.get("/v1/me", headers=lines)
    assert is_in(answer, "es")


async def test_fields_are_explained_in_the_readers_language(api: Api, staff: Api) -> None:
    path = "/v1/sessions/5f0c7f2e-8a1b-4c6d-9e3f-0a1b2c3d4e5f/cancel"
    answer = await api.post(path, {"reason": {"note": "\u00ad"}, "more": 1}, GERMAN)
    assert is_in(answer, "de")
    assert [error["detail"] for error in answer.json()["errors"]] == [
        "muss mindestens ein sichtbares Zeichen haben",
        "Weitere Felder sind nicht erlaubt",
    ]
    answer = await api.get("/v1/sessions", FRENCH, limit=0)
    [error] = answer.json()["errors"]
    assert error["detail"] == "La valeur doit être supérieure ou égale à 1"
    answer = await api.get("/v1/sessions", FRENCH, limit="9" * 5000)
    [error] = answer.json()["errors"]
    assert error["detail"] == "La valeur doit être un entier, mais la chaîne est trop longue"
    answer = await api.get("/v1/sessions", FRENCH, when="never")
    [error] = answer.json()["errors"]
    assert error["detail"] == "La valeur doit être 'upcoming', 'past' ou 'all'"
    key = {"Idempotency-Key": "k" * 256, **GERMAN}
    answer = await staff.post("/v1/practice/locations", {"name": "x", "address": "y"}, key)
    [error] = answer.json()["errors"]
    assert error["detail"] == "muss aus 1 bis 255 druckbaren ASCII-Zeichen bestehen"
    body = {"client_id": "5f0c7f2e-8a1b-4c6d-9e3f-0a1b2c3d4e5f", "name": "x", "credits": 1}
    body |= {"service_id": "5f0c7f2e-8a1b-4c6d-9e3f-0a1b2c3d4e5f"}
    answer = await staff.post("/v1/practice/packages", body, GERMAN)
    [error] = answer.json()["errors"]
    assert error["detail"] == "diese Person gibt es in der Praxis nicht"


async def test_a_refusal_has_the_same_text_in_details_and_problem(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy({"cancel": {"closes": {"before_minutes": 1440}}})
    session_id = await world.book(START)
    clock.now = START - timedelta(hours=1)
    said = (
        "So kurz vor dem Termin ist das online nicht mehr möglich. "
        "Bitte wenden Sie sich an Dr. Maya Chen."
    )
    details = await api.get(f"/v1/sessions/{session_id}", GERMAN)
    assert is_in(details, "de")
    assert details.json()["actions"]["cancel"]["refusal"]["message"] == said
    refused = await api.cancel(session_id, GERMAN)
    assert is_in(refused, "de")
    assert refused.json()["detail"] == said


async def test_an_empty_range_is_explained_in_the_readers_language(api: Api, world: World) -> None:
    session_id = await world.book(START)
    day = (START + timedelta(days=1000)).date().isoformat()
    path = f"/v1/sessions/{session_id}/availability"
    answer = await api.get(path, FRENCH, **{"from": day, "to": day})
    assert is_in(answer, "fr")
    said = answer.json()["empty_reason"]["message"]
    assert said == "Ces jours sont en dehors de la période réservable en ligne."


async def test_an_opened_link_is_in_the_readers_language(
    stranger: Api, world: World, clock: TestClock
) -> None:
    session_id = await world.book(START)
    clock.now = START + timedelta(minutes=1)
    body = {"token": world.link_token(session_id)}
    answer = await stranger.post("/v1/links/open", body, GERMAN)
    assert is_in(answer, "de")
    refusal = answer.json()["session"]["actions"]["cancel"]["refusal"]
    assert refusal["message"].startswith("Dieser Termin hat schon begonnen")


async def test_a_request_for_a_link_is_answered_in_the_callers_language(stranger: Api) -> None:
    path, body = "/v1/auth/sign-in-links", {"email": "nobody@client.example"}
    answer = await stranger.post(path, body, FRENCH)
    assert is_in(answer, "fr")
    assert answer.json()["message"].startswith("Si cette adresse est connue ici")


async def test_staff_read_in_their_language_which_policy_applies(staff: Api, world: World) -> None:
    await world.add_policy({"cancel": {"enabled": False}})
    path = "/v1/practice/policies/resolve"
    which = {"service": str(world.service_id), "practitioner": str(world.practitioner_id)}
    answer = await staff.get(path, GERMAN, **which)
    assert is_in(answer, "de")
    assert answer.json()["reason"] == (
        "Die Leistung hat keine eigenen Bedingungen. "
        "Die behandelnde Person hat keine eigenen Bedingungen. "
        "Die Praxis hat eigene Bedingungen, in Version 1."
    )


async def test_a_replay_keeps_the_language_of_the_first_answer(api: Api, world: World) -> None:
    session_id = await world.book(START)
    first = await api.cancel(session_id, {"Idempotency-Key": "k", **GERMAN})
    again = await api.cancel(session_id, {"Idempotency-Key": "k", **FRENCH})
    assert is_in(first, "de")
    refusal = first.json()["session"]["actions"]["cancel"]["refusal"]
    assert refusal["message"].startswith("Dieser Termin ist nicht mehr gebucht")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.content == first.content
    assert is_in(again, "de")


async def test_a_problem_is_explained_in_the_readers_language(stranger: Api) -> None:
    page = await stranger.get("/problems/slot-unavailable", GERMAN)
    assert is_in(page, "de")
    assert "<html lang=de>" in page.text
    assert "<h1>Diese Zeit ist nicht verfügbar</h1>" in page.text


@pytest.fixture
async def embedded(settings: Settings, clock: TestClock) -> AsyncIterator[Api]:
    """The API, called from a page of another origin."""
    async with serve(settings.model_copy(update={"cors_origins": (ORIGIN,)}), clock) as api:
        yield api


async def test_an_answer_to_another_origin_varies_by_both(embedded: Api) -> None:
    answer = await embedded.get("/v1/me", {"Origin": ORIGIN, **GERMAN})
    assert {"Origin", "Accept-Language"} <= set(answer.headers["Vary"].split(", "))
    assert answer.headers["Content-Language"] == "de"
