"""The page in the viewer's language: chosen by the browser, by the person, or by their record."""

import asyncio
from datetime import timedelta
from typing import Any, get_args

import pytest
from playwright.async_api import Browser, Route, expect

from app.configuration.settings import Settings
from app.domain.history import ChangeKind, FeeCause
from app.portal.bundle import make_bundle
from app.portal.site import FILES
from app.tables.practices import Client
from app.texts.catalogue import LANGUAGES
from tests.portal.test_faults import START
from tests.portal.visitor import NARROW, Visitor, arrive
from tests.world import NOW, TestClock, World

RENAMED = {"name": "Harbor Wellness, renamed"}
SHAPE = """async () => {
  const shape = (texts, path = '') => Object.entries(texts).flatMap(([key, value]) =>
    typeof value === 'object' ? shape(value, `${path}${key}.`)
      : [[path + key, typeof value === 'function' ? value.length : 'text', value === '']]);
  const found = {};
  for (const language of LIST) {
    found[language] = shape((await import(`/portal/texts/${language}.js`)).texts);
  }
  return found;
}"""
KINDS = """async () => {
  const { texts } = await import('/portal/texts/en.js');
  return [Object.keys(texts.history.kinds), Object.keys(texts.fees.cause)];
}"""
# Every sentence with the same value in all of its places; lists and counts are left out.
FILLED = """async ([language, value]) => {
  const { speak, t } = await import('/portal/strings.js');
  await speak(language);
  const said = {};
  const fill = (texts, path) => {
    for (const [key, text] of Object.entries(texts)) {
      if (typeof text === 'object') fill(text, `${path}${key}.`);
      else if (typeof text === 'function') {
        try {
          said[path + key] = text(...Array(text.length || 4).fill(value));
        } catch (error) {
          if (!(error instanceof TypeError)) throw error;
        }
      }
    }
  };
  fill(t, '');
  return said;
}"""
DAYS = {"en": "Thursday, December 3", "de": "Donnerstag, 3. Dezember",
        "fr": "jeudi 3 décembre", "es": "jueves, 3 de diciembre"}  # fmt: skip
TAGS = {"en": "en-US", "de": "de-AT", "fr": "fr-CH", "es": "es-MX"}
MOVE = {"en": "Reschedule", "de": "Verschieben", "fr": "Déplacer", "es": "Reprogramar"}
REFUSED = {
    "en": "This cannot be done online for this session.",
    "de": "Bei diesem Termin ist das online nicht möglich.",
    "fr": "Ce n'est pas possible en ligne pour ce rendez-vous.",
    "es": "Esto no se puede hacer en línea para esta cita.",
}


async def test_every_language_says_everything(ana: Visitor) -> None:
    await ana.page.goto(ana.settings.portal_url)
    script = SHAPE.replace("LIST", str(list(LANGUAGES)))
    shapes: dict[str, Any] = await ana.page.evaluate(script)
    assert len(shapes["en"]) > 400
    for language, shape in shapes.items():
        assert shape == shapes["en"], language


async def test_the_page_has_a_sentence_for_each_kind_of_change_and_each_cause(
    ana: Visitor,
) -> None:
    """The test above says that all languages have the same ones."""
    await ana.page.goto(ana.settings.portal_url)
    history, fees = await ana.page.evaluate(KINDS)
    assert set(history) == {*get_args(ChangeKind.__value__), "other"}
    assert set(fees) == {*get_args(FeeCause.__value__), "other"}


async def filled(visitor: Visitor, language: str, value: str) -> dict[str, str]:
    await visitor.page.goto(visitor.settings.portal_url)
    said: dict[str, str] = await visitor.page.evaluate(FILLED, [language, value])
    assert len(said) > 90
    return said


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_time_with_a_full_stop_ends_the_sentence(ana: Visitor, language: str) -> None:
    """English of Canada and Spanish of Mexico write "8:00 a.m."."""
    said = await filled(ana, language, "8:00 a.m.")
    assert {key: text for key, text in said.items() if ".." in text} == {}


async def test_no_german_sentence_puts_the_word_for_the_hour_after_the_zone(ana: Visitor) -> None:
    said = await filled(ana, "de", "13:05 Uhr GMT-5")
    assert said.pop("atTime") == "13:05 Uhr GMT-5 Uhr"
    assert {key: text for key, text in said.items() if "GMT-5 Uhr" in text} == {}


TIMES = """async () => {
  const { speak, t } = await import('/portal/strings.js');
  const { onOwnClock, span, timeInWords } = await import('/portal/format.js');
  const { lead } = await import('/portal/zones.js');
  await speak('de');
  const over = ['2026-10-25T00:30:00Z', '2026-10-25T01:20:00Z', 'Europe/Berlin'];
  const midday = ['2026-12-03T15:00:00Z', '2026-12-03T15:50:00Z', 'Europe/Berlin'];
  lead('America/New_York');
  const until = onOwnClock('2026-12-03T04:05:00Z', timeInWords);
  return [t.undo.until(until), span(...over), span(...midday)];
}"""


async def test_german_names_the_zone_after_the_word_for_the_hour(
    browser: Browser, site: Settings, world: World, clock: TestClock
) -> None:
    async with arrive(
        browser, site, world, clock, locale="de-DE", timezone_id="Asia/Tokyo"
    ) as visitor:
        await visitor.page.goto(site.portal_url)
        assert await visitor.page.evaluate(TIMES) == [
            "Möglich bis 13:05 Uhr GMT+9.",
            "2:30 Uhr MESZ bis 2:20 Uhr MEZ",
            "16:00 bis 16:50 Uhr",
        ]


@pytest.mark.parametrize(
    ("time", "article"), [("1:05 p.m.", "la"), ("13:05", "las"), ("01:00", "la")]
)
async def test_one_o_clock_is_singular_in_spanish(ana: Visitor, time: str, article: str) -> None:
    said = await filled(ana, "es", time)
    assert said["undo.until"] == f"Posible hasta {article} {time.removesuffix('.')}."
    assert said["wish.words.from"] == f"desde {article} {time}"


def test_the_page_knows_the_languages_of_the_catalogue() -> None:
    made = make_bundle(FILES)
    assert set(made.pages) == set(LANGUAGES)
    assert {name.partition(".")[0] for name in made.files if name.startswith("texts-")} == {
        f"texts-{language}" for language in LANGUAGES
    }


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_browser_names_the_language(
    browser: Browser, site: Settings, world: World, clock: TestClock, language: str
) -> None:
    await world.add_policy({"cancel": {"enabled": False}})
    session_id = await world.book(START)
    async with arrive(browser, site, world, clock, locale=TAGS[language], size=NARROW) as visitor:
        await visitor.page.goto(visitor.link(session_id))
        await visitor.see("Follow-up")
        await visitor.read(DAYS[language])
        root = visitor.page.locator("html")
        await expect(root).to_have_attribute("lang", language)
        await expect(root).to_have_attribute("dir", "ltr")
        # The sentences of the API follow.
        answers = [r for r in visitor.requests if r.url.endswith("/v1/links/open")]
        assert [r.headers["accept-language"] for r in answers] == [language]
        refusal = await visitor.page.locator(".refusal p").first.inner_text()
        assert refusal.startswith(REFUSED[language]), refusal
        await visitor.press(MOVE[language])
        await expect(visitor.page.locator(".slot").first).to_be_visible()
        assert await visitor.overflow() == 0
        assert await visitor.barriers() == []


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("de", "Zeitzone: Nordamerikanische Ostküsten-Normalzeit."),
        ("es", "Zona horaria: hora estándar oriental."),
    ],
)
async def test_the_name_of_a_zone_stands_after_a_colon(
    browser: Browser,
    site: Settings,
    world: World,
    clock: TestClock,
    language: str,
    sentence: str,
) -> None:
    """The name comes from the browser: no sentence can decline it."""
    session_id = await world.book(START)
    async with arrive(browser, site, world, clock, locale=TAGS[language]) as visitor:
        await visitor.page.goto(visitor.link(session_id))
        await visitor.press(MOVE[language])
        await visitor.read(sentence)


async def test_a_person_switches_the_language_and_a_reload_keeps_it(
    ana: Visitor, world: World
) -> None:
    await world.add_policy({"cancel": {"enabled": False}})
    await ana.open(await world.book(START))
    await ana.page.get_by_label("Language").select_option("Deutsch")
    await ana.read("Donnerstag, 3. Dezember")
    await ana.read(REFUSED["de"])
    await expect(ana.page.get_by_label("Sprache")).to_be_focused()
    await ana.page.reload()
    await ana.read("Donnerstag, 3. Dezember")
    await expect(ana.page.locator("html")).to_have_attribute("lang", "de")


async def test_where_the_browser_names_none_of_them_the_clients_record_does(
    browser: Browser, site: Settings, world: World, clock: TestClock
) -> None:
    await world.change(Client, world.client_id, locale="fr-FR")
    session_id = await world.book(START)
    async with arrive(browser, site, world, clock, locale="nl-NL") as visitor:
        await visitor.page.goto(visitor.link(session_id))
        await visitor.read("jeudi 3 décembre")
        await visitor.page.goto("about:blank")
        await visitor.page.goto(f"{visitor.link(session_id)}&lang=es")
        await visitor.read("jueves, 3 de diciembre")


async def test_the_first_of_a_month_is_counted_in_french(
    browser: Browser, site: Settings, world: World, clock: TestClock
) -> None:
    first = await world.book(NOW + timedelta(days=1))
    async with arrive(browser, site, world, clock, locale="fr-FR") as visitor:
        await visitor.page.goto(visitor.link(first))
        await visitor.read("mardi 1er décembre")


async def test_the_server_sends_the_page_in_the_first_language_it_has(
    browser: Browser, site: Settings, world: World, clock: TestClock
) -> None:
    async with arrive(browser, site, world, clock, locale="es-ES") as visitor:
        answer = await visitor.page.goto(site.portal_url)
        assert answer is not None
        assert answer.headers["content-language"] == "es"
        assert "Accept-Language" in answer.headers["vary"]
        assert '<html lang="es"' in await answer.text()
        scripts = [r.url for r in visitor.requests if "/texts-" in r.url]
        assert len(scripts) == 1
        assert "/texts-es." in scripts[0]


async def test_right_to_left_nothing_is_too_wide_or_turned_the_wrong_way(
    ana: Visitor, world: World
) -> None:
    """No language of the page is written from right to left yet: the layout is ready for one."""
    width, height = NARROW
    await ana.page.set_viewport_size({"width": width, "height": height})
    await ana.open(await world.book(START))
    await ana.page.evaluate("document.documentElement.dir = 'rtl'")
    tile, words = ana.page.locator(".tile"), ana.page.locator(".when .day")
    boxes = [await one.bounding_box() for one in (tile, words)]
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert boxes[0]["x"] > boxes[1]["x"]
    assert await ana.overflow() == 0
    await ana.press("Reschedule")
    await expect(ana.page.locator(".slot").first).to_be_visible()
    assert await ana.overflow() == 0


async def test_a_language_that_cannot_be_loaded_is_said_beside_the_choice(
    ana: Visitor, world: World
) -> None:
    await ana.open(await world.book(START))
    await ana.page.route("**/texts-es.*.js", lambda route: route.abort())
    await ana.page.get_by_label("Language").select_option("es")
    words = "This language could not be loaded. Please try again."
    await expect(ana.alert).to_have_text(words)
    await expect(ana.alert).to_be_visible()
    await expect(ana.page.get_by_label("Language")).to_have_value("en")
    assert await ana.overflow() == 0
    assert all("texts-es" in one for one in ana.complaints)
    ana.complaints.clear()


async def test_a_late_answer_leaves_what_is_said_beside_the_choice_of_the_language(
    ana: Visitor, world: World
) -> None:
    complained = asyncio.Event()

    async def answer_late(route: Route) -> None:
        await complained.wait()
        answer = await route.fetch()
        who = await answer.json()
        await route.fulfill(response=answer, json=who | {"practice": who["practice"] | RENAMED})

    await ana.page.route("**/v1/me", answer_late)
    await ana.page.route("**/texts-es.*.js", lambda route: route.abort())
    await ana.open(await world.book(START))
    await ana.page.get_by_label("Language").select_option("es")
    await expect(ana.alert).to_be_visible()
    complained.set()
    await expect(ana.page.get_by_role("banner")).to_contain_text(RENAMED["name"])
    await expect(ana.alert).to_be_visible()
    # Another view, and another language, are no place for it.
    await ana.press("Reschedule")
    await ana.see("Choose a new time")
    await expect(ana.alert).to_have_count(0)
    ana.complaints.clear()
