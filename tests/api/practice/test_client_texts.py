"""Which text messages a client gets: their record's `texts`, consent, number and STOP.

product.md section 10, "Text messages".
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.database.transactions import transact
from app.identity.api_keys.keys import Scope
from app.identity.short_links.codes import make_code
from app.identity.short_links.repository import store_link
from app.identity.tokens.link import Link
from app.notifications.sms.replies import hear
from app.tables.changes import Change
from app.tables.practices import Client
from app.tables.short_links import ShortLink
from tests.transfer import empty_practice, exported, imported, of_kind, outcomes
from tests.world import NOW, Api, World

PHONE, NUMBER = "+1 (212) 555-0188", "+12125550188"
OTHER_PHONE, OTHER_NUMBER = "+44 7400 123456", "+447400123456"
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
AGREED = "2026-11-01T09:00:00Z"
FIELDS = ("texts", "texts_agreed_at", "texts_number", "texts_stopped", "texts_stopped_at")
NEW = {
    "name": "Ben Okafor",
    "email": "ben@client.example",
    "phone": PHONE,
    "time_zone": "Europe/Paris",
    "locale": "fr-FR",
    "texts": "all",
    "texts_agreed_at": AGREED,
}
PATH = "/v1/practice/clients"


def path(world: World) -> str:
    return f"{PATH}/{world.client_id}"


async def patch(staff: Api, world: World, **body: Any) -> Any:
    answer = await staff.patch(path(world), body)
    assert answer.status_code == 200, answer.text
    return {name: answer.json()[name] for name in FIELDS}


async def agree(staff: Api, world: World, texts: str = "all") -> Any:
    return await patch(staff, world, phone=PHONE, texts=texts, texts_agreed_at=AGREED)


async def say(world: World, word: Any, now: datetime = NOW, number: str = NUMBER) -> None:
    """Write a text message to the practice."""
    await transact(world.engine, lambda db: hear(db, number, word, now))


async def shown(staff: Api, world: World) -> Any:
    record = (await staff.get(path(world))).json()
    return {name: record[name] for name in FIELDS}


async def refusal(staff: Api, world: World, **body: Any) -> tuple[int, str]:
    before = await world.rows(Client)
    answer = await staff.patch(path(world), body)
    assert await world.rows(Client) == before
    (error,) = answer.json()["errors"]
    return answer.status_code, error["pointer"]


OFF = dict.fromkeys(FIELDS) | {"texts": "off"}
ALL = OFF | {"texts": "all", "texts_agreed_at": AGREED, "texts_number": NUMBER}


async def test_a_client_gets_none_unless_they_agree(staff: Api, world: World) -> None:
    assert await shown(staff, world) == OFF
    made = await staff.post(PATH, {name: NEW[name] for name in NEW if "texts" not in name})
    assert made.status_code == 201
    assert made.json()["texts"] == "off"
    assert made.json()["texts_number"] is None


async def test_a_new_client_who_has_agreed_gets_them_at_their_number(staff: Api) -> None:
    made = await staff.post(PATH, NEW)
    assert made.status_code == 201, made.text
    assert {name: made.json()[name] for name in FIELDS} == ALL
    assert made.json()["phone"] == PHONE


async def test_staff_with_read_see_it(api: Api, staff: Api, world: World) -> None:
    await agree(staff, world)
    reader = api.signed_in(await world.key(Scope.READ))
    assert await shown(reader, world) == ALL
    listed = (await reader.get(PATH)).json()["items"]
    assert [{name: one[name] for name in FIELDS} for one in listed] == [ALL]


@pytest.mark.parametrize(
    "phone",
    [
        pytest.param(None, id="none"),
        pytest.param("(212) 555-0188", id="no country code"),
        pytest.param("0151 23456789", id="no country code in Germany"),
        pytest.param("+49 30 5550100", id="a fixed line in Berlin"),
        pytest.param("+44 20 7946 0958", id="a fixed line in London"),
        pytest.param("+1 800 555 0199", id="a number free of charge"),
        pytest.param("+1 212 555 0188 ext. 7", id="an extension"),
        pytest.param("+1 212", id="too short"),
        pytest.param("+999 123456789", id="no country"),
        pytest.param("+1 212 555 0188 or 0189", id="no number"),
    ],
)
async def test_only_a_mobile_number_with_its_country_code_gets_them(
    staff: Api, world: World, phone: str | None
) -> None:
    body = {"phone": phone, "texts": "reminders", "texts_agreed_at": AGREED}
    assert await refusal(staff, world, **body) == (422, "/phone")
    made = await staff.post(PATH, NEW | body)
    assert (made.status_code, made.json()["errors"][0]["pointer"]) == (422, "/phone")


@pytest.mark.parametrize(
    ("phone", "number"),
    [
        (PHONE, NUMBER),
        ("+49 151 23456789", "+4915123456789"),
        (" +33 (0)6 39 98 01 42", "+33639980142"),
        (OTHER_PHONE, OTHER_NUMBER),
    ],
)
async def test_any_way_of_writing_is_one_number(
    staff: Api, world: World, phone: str, number: str
) -> None:
    body = {"phone": phone.strip(), "texts": "all", "texts_agreed_at": AGREED}
    assert (await patch(staff, world, **body))["texts_number"] == number


async def test_without_an_agreement_that_is_past_there_are_none(staff: Api, world: World) -> None:
    pointer = (422, "/texts_agreed_at")
    assert await refusal(staff, world, phone=PHONE, texts="all") == pointer
    late = (NOW + timedelta(microseconds=1)).isoformat()
    body: dict[str, Any] = {"phone": PHONE, "texts": "all"}
    assert await refusal(staff, world, **body, texts_agreed_at=late) == pointer
    assert await refusal(staff, world, **body, texts_agreed_at=None) == pointer
    # A future agreement is a mistake also while they are off.
    assert await refusal(staff, world, texts_agreed_at=late) == pointer
    now = await patch(staff, world, **body, texts_agreed_at=NOW.isoformat())
    assert now["texts"] == "all"
    # While there are text messages, the agreement cannot be taken away.
    assert await refusal(staff, world, texts_agreed_at=None) == pointer


@pytest.mark.parametrize("value", ["sms", "", None, True, "ALL"])
async def test_a_wrong_value_is_named(staff: Api, world: World, value: Any) -> None:
    assert await refusal(staff, world, texts=value) == (422, "/texts")


@pytest.mark.parametrize("field", ["texts_number", "texts_stopped", "texts_stopped_at"])
async def test_what_follows_from_the_rest_cannot_be_sent(
    staff: Api, world: World, field: str
) -> None:
    assert await refusal(staff, world, **{field: AGREED}) == (422, f"/{field}")


async def test_a_put_without_the_fields_keeps_them(staff: Api) -> None:
    by_ref = f"{PATH}/by-ref/crm-7"
    assert (await staff.put(by_ref, NEW)).status_code == 201
    body = {name: NEW[name] for name in NEW if "texts" not in name} | {"name": "Ben O."}
    kept = (await staff.put(by_ref, body)).json()
    assert {name: kept[name] for name in FIELDS} == ALL
    assert kept["name"] == "Ben O."


# The telephone


async def test_another_telephone_moves_them_and_ends_what_went_to_the_old_one(
    api: Api, staff: Api, world: World
) -> None:
    await agree(staff, world)
    session_id = await world.book(NOW + 3 * DAY)
    link, key = Link(world.practice_id, session_id, 0, 0), world.settings.keys[-1]
    code = make_code(world.settings.keys, session_id, NUMBER, link)
    await transact(world.engine, lambda db: store_link(db, code, key, link, NOW))
    assert (await api.open_link(code)).status_code == 200
    # Another way of writing the number, another name, and fewer text messages end nothing.
    await patch(staff, world, phone="+12125550188", name="Ana R.", texts="reminders")
    assert (await api.open_link(code)).status_code == 200
    moved = await patch(staff, world, phone=OTHER_PHONE)
    assert moved == ALL | {"texts": "reminders", "texts_number": OTHER_NUMBER}
    assert (await api.open_link(code)).json()["code"] == "link-invalid"
    assert await world.rows(ShortLink) == []


@pytest.mark.parametrize("phone", [None, "+49 30 5550100", "call the office"])
async def test_a_telephone_that_gets_none_is_never_refused(
    staff: Api, world: World, phone: str | None
) -> None:
    await agree(staff, world)
    assert await patch(staff, world, phone=phone) == ALL | {"texts_number": None}
    # They go again when there is a number.
    assert await patch(staff, world, phone=OTHER_PHONE) == ALL | {"texts_number": OTHER_NUMBER}


async def test_the_number_of_one_who_gets_none_is_not_kept(staff: Api, world: World) -> None:
    await agree(staff, world)
    assert await patch(staff, world, texts="off") == OFF | {"texts_agreed_at": AGREED}
    await patch(staff, world, phone=OTHER_PHONE)
    assert (await shown(staff, world))["texts_number"] is None
    # `texts` takes the telephone as it is by then.
    assert (await patch(staff, world, texts="all"))["texts_number"] == OTHER_NUMBER


# STOP and START


STOPPED_AT = "2026-11-30T15:00:00Z"
STOPPED = ALL | {"texts": "off", "texts_stopped": "all", "texts_stopped_at": STOPPED_AT}


async def test_stop_is_shown_and_start_restores_what_it_ended(staff: Api, world: World) -> None:
    await agree(staff, world, "all")
    await say(world, "stop")
    assert await shown(staff, world) == STOPPED
    await say(world, "stop", NOW + MINUTE)
    assert await shown(staff, world) == STOPPED
    await say(world, "start", NOW + DAY)
    # Whoever writes START agrees anew.
    assert await shown(staff, world) == ALL | {"texts_agreed_at": "2026-12-01T15:00:00Z"}
    kinds = [row.kind for row in await world.rows(Change, subject="client", actor="client")]
    assert sorted(kinds) == ["texts_restored", "texts_stopped"]


async def test_a_stop_wins_over_an_older_agreement(staff: Api, world: World) -> None:
    """Software that pushes what it knows must not undo what the client has said since."""
    by_ref, line = f"{PATH}/by-ref/crm-7", {"kind": "client", "external_ref": "crm-7", **NEW}
    assert (await staff.put(by_ref, NEW)).status_code == 201
    await say(world, "stop")
    at_stop = NEW | {"texts_agreed_at": STOPPED_AT}
    for body in (NEW, at_stop):
        answer = await staff.put(by_ref, body | {"name": "Ben O."})
        assert answer.status_code == 200, answer.text
        assert {name: answer.json()[name] for name in FIELDS} == STOPPED
        assert answer.json()["name"] == "Ben O.", "the rest is written"
    record = f"{PATH}/{answer.json()['id']}"
    for change in ({"texts": "all"}, {"texts": "reminders", "texts_agreed_at": AGREED}):
        answer = await staff.patch(record, change)
        assert {name: answer.json()[name] for name in FIELDS} == STOPPED
    assert await outcomes(staff, [line]) == ["updated"]
    assert await outcomes(staff, [line]) == ["unchanged"]
    older = {"texts": "off", "texts_agreed_at": None, "texts_stopped_at": None}
    assert await outcomes(staff, [line | older]) == ["updated"]
    seen = (await staff.get(record)).json()
    assert (seen["texts"], seen["texts_stopped_at"]) == ("off", STOPPED_AT)


async def test_a_later_agreement_turns_them_on_again(staff: Api, world: World) -> None:
    await agree(staff, world)
    await say(world, "stop")
    staff.clock.now = NOW + DAY
    later = (NOW + MINUTE).isoformat()
    on = await patch(staff, world, texts="reminders", texts_agreed_at=later)
    assert on == ALL | {"texts": "reminders", "texts_agreed_at": "2026-11-30T15:01:00Z"}
    await say(world, "start", NOW + DAY)
    assert await shown(staff, world) == on, "START restores only what STOP has ended"


async def test_after_a_stop_another_telephone_gets_none(staff: Api, world: World) -> None:
    await agree(staff, world)
    await say(world, "stop")
    assert await patch(staff, world, phone=OTHER_PHONE) == STOPPED | {"texts_number": OTHER_NUMBER}
    await say(world, "start", NOW + DAY)
    assert (await shown(staff, world))["texts"] == "off"
    await say(world, "start", NOW + DAY, OTHER_NUMBER)
    assert (await shown(staff, world))["texts"] == "all"


async def test_a_stop_ends_them_at_each_client_of_the_number(staff: Api, world: World) -> None:
    await agree(staff, world)
    child = (await staff.post(PATH, NEW | {"texts": "reminders"})).json()["id"]
    other = (await staff.post(PATH, NEW | {"phone": OTHER_PHONE})).json()["id"]
    await say(world, "stop")
    rows = {row.id: (row.texts, row.texts_stopped) for row in await world.rows(Client)}
    assert rows[world.client_id] == ("off", "all")
    assert rows[UUID(child)] == ("off", "reminders")
    assert rows[UUID(other)] == ("all", None)


# Audit log, inactive and erased clients


async def test_the_audit_log_has_the_consent_and_no_number(staff: Api, world: World) -> None:
    await agree(staff, world, "reminders")
    await patch(staff, world, texts="off")
    entries = await world.rows(Change, subject="client", subject_id=world.client_id)
    first, second = sorted(entries, key=lambda row: len(row.details["fields"]), reverse=True)
    assert first.details == {
        "fields": ["phone", "texts", "texts_agreed_at"],
        "before": {"texts": "off", "texts_agreed_at": None},
        "after": {"texts": "reminders", "texts_agreed_at": AGREED},
    }
    assert second.details["before"] == {"texts": "reminders"}
    assert second.details["after"] == {"texts": "off"}
    assert "555" not in str([first.details, second.details])


async def test_an_inactive_client_keeps_their_consent(staff: Api, world: World) -> None:
    await agree(staff, world)
    assert await patch(staff, world, active=False) == ALL
    assert await patch(staff, world, active=True) == ALL


async def test_an_erased_client_has_none_and_gets_none(staff: Api, world: World) -> None:
    await agree(staff, world)
    await say(world, "stop")
    body = {"reason": {"note": "Asked for by letter."}}
    assert (await staff.post(f"{path(world)}/erase", body)).status_code == 200
    assert await shown(staff, world) == OFF
    again = await staff.patch(path(world), {"phone": PHONE, "texts": "all"})
    assert again.json()["code"] == "client-erased"
    await say(world, "start", NOW + DAY)
    assert await shown(staff, world) == OFF


async def test_the_export_of_a_client_has_their_consent(staff: Api, world: World) -> None:
    await agree(staff, world)
    await say(world, "stop")
    told = (await staff.post(f"{path(world)}/export", None)).json()
    client = told["client"]
    assert (client["texts"], client["texts_stopped"]) == ("off", "all")
    assert client["texts_number"] == NUMBER
    kinds = {entry["kind"] for entry in told["changes"]}
    assert {"updated", "texts_stopped"} <= kinds


async def test_a_key_that_only_reads_and_another_practice_change_nothing(
    api: Api, world: World
) -> None:
    reader = api.signed_in(await world.key(Scope.READ))
    other = await World(world.engine, world.settings).build()
    stranger = api.signed_in(await other.key())
    body = {"phone": PHONE, "texts": "all", "texts_agreed_at": AGREED}
    assert (await reader.patch(path(world), body)).status_code == 403
    assert (await stranger.patch(path(world), body)).status_code == 404
    (row,) = await world.rows(Client)
    assert (row.texts, row.phone) == ("off", None)


# Import and export in bulk


async def test_consent_and_stop_move_to_an_empty_practice_unchanged(
    staff: Api, world: World
) -> None:
    await staff.put(f"{PATH}/by-ref/a-stopped", NEW)
    await say(world, "stop")
    await staff.put(f"{PATH}/by-ref/b-all", NEW | {"phone": OTHER_PHONE})
    # Their telephone has changed since they agreed.
    await staff.put(f"{PATH}/by-ref/c-fixed", NEW | {"phone": OTHER_PHONE, "texts": "reminders"})
    fixed = {"name": "C", "phone": "+49 30 5550100"}
    mine = await staff.get(f"{PATH}/by-ref/c-fixed")
    assert (await staff.patch(f"{PATH}/{mine.json()['id']}", fixed)).status_code == 200
    details = {"text_details": ["practitioner", "service"]}
    assert (await staff.patch("/v1/practice", details)).status_code == 200
    lines = await exported(staff)
    texts = [(line["texts"], line["texts_stopped"]) for line in of_kind(lines, "client")]
    assert ("off", "all") in texts
    assert of_kind(lines, "practice")[0] | details == of_kind(lines, "practice")[0]

    other, theirs = await empty_practice(staff, world)
    results = await imported(theirs, lines)
    assert [one for one in results if one["problem"]] == []
    assert await exported(theirs) == lines
    assert {result["result"] for result in await imported(theirs, lines)} == {"unchanged"}
    numbers = {row.external_ref: row.texts_number for row in await other.rows(Client)}
    assert numbers["a-stopped"] == NUMBER
    assert numbers["b-all"] == OTHER_NUMBER
    assert numbers["c-fixed"] is None
    # START means the client there as well.
    await say(world, "start", NOW + DAY)
    (row,) = await other.rows(Client, external_ref="a-stopped")
    assert (row.texts, row.texts_agreed_at) == ("all", NOW + DAY)


async def test_an_import_without_an_agreement_is_refused(staff: Api, world: World) -> None:
    line = {"kind": "client", "external_ref": "crm-7", **NEW, "texts_agreed_at": None}
    late = line | {"texts_agreed_at": datetime(2027, 1, 1, tzinfo=UTC).isoformat()}
    found = await outcomes(staff, [line, late])
    assert found == ["validation-failed /texts_agreed_at"] * 2
    assert len(await world.rows(Client)) == 1


async def test_a_line_with_text_messages_has_no_stop(staff: Api, world: World) -> None:
    line = {"kind": "client", "external_ref": "crm-7", **NEW}
    stop = {"texts_stopped": "all", "texts_stopped_at": AGREED}
    assert await outcomes(staff, [line | stop]) == ["created"]
    (row,) = await world.rows(Client, external_ref="crm-7")
    assert (row.texts, row.texts_stopped, row.texts_stopped_at) == ("all", None, None)
    half = line | {"external_ref": "crm-8", "texts": "off", "texts_stopped": "all"}
    assert await outcomes(staff, [half]) == ["created"]
    (row,) = await world.rows(Client, external_ref="crm-8")
    assert (row.texts, row.texts_stopped) == ("off", None)
