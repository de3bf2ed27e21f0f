"""The demo as a new user runs it: its own server process, called with the tokens of `demo.json`."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from app.cli import main
from app.configuration.settings import Settings, SettingsError
from app.database.transactions import transact
from app.demo import MAIN_CLIENT, demo_id
from app.demo.guide import prepare
from app.demo.records import HARBOR
from app.identity.api_keys.keys import Scope, find_staff, revoke_key
from app.mail.folder import list_mails, read_mail
from app.tables.practices import Client as ClientTable
from tests.embedded_data import throw_away
from tests.patience import PATIENCE_SECONDS
from tests.ports import free_port

pytestmark = pytest.mark.slow

REASON = {"code": "work", "note": "A meeting was put on this hour."}
Demo = dict[str, Any]


get = partial(httpx.get, timeout=PATIENCE_SECONDS)
post = partial(httpx.post, timeout=PATIENCE_SECONDS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    made = tmp_path_factory.mktemp("demo")
    yield made
    throw_away(made)


@pytest.fixture(scope="module")
def demo(folder: Path) -> Iterator[Demo]:
    """Run `reslot demo` until the tests of this file have ended."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DATABASE_URL", "DATABASE_OWNER_URL", "SECRET_KEYS"}
    } | {"DATA_DIR": str(folder), "PORT": str(free_port())}
    command = [sys.executable, "-c", "from app.cli import main; main()", "demo"]
    with (folder / "output").open("w+") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
        try:
            yield _wait_until_ready(process, folder)
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=PATIENCE_SECONDS) == 0


def _wait_until_ready(process: subprocess.Popen[bytes], folder: Path) -> Demo:
    for _ in range(600):
        with suppress(OSError, httpx.TransportError, ValueError):
            found: Demo = json.loads((folder / "demo.json").read_text())
            if get(found["base_url"] + "/readyz").status_code == httpx.codes.OK:
                return found
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.1)
            break
    raise AssertionError((folder / "output").read_text())


class Client:
    """One of the demo's clients, who calls the API."""

    def __init__(self, demo: Demo, token: str) -> None:
        self._url = demo["base_url"]
        self._headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str, **query: Any) -> Any:
        answer = get(self._url + path, params=query or None, headers=self._headers)
        assert answer.status_code == httpx.codes.OK, answer.text
        return answer.json()

    def details(self) -> list[Any]:
        found = self.get("/v1/sessions", limit=100)["items"]
        return [self.get(f"/v1/sessions/{session['id']}") for session in found]

    def slots(self, session_id: str, **query: Any) -> list[Any]:
        found = self.get(f"/v1/sessions/{session_id}/availability", **query)
        return [slot for day in found["days"] for slot in day["slots"]]

    def post(self, path: str, **body: Any) -> httpx.Response:
        return post(self._url + path, json={"reason": REASON} | body, headers=self._headers)

    def write(self, path: str, body: Any) -> httpx.Response:
        return post(self._url + path, json=body, headers=self._headers)

    def move(self, session_id: str, slot: Any, kind: str, **body: Any) -> httpx.Response:
        path = f"/v1/sessions/{session_id}/reschedule"
        where = {"location_id": slot["location_id"]} if slot["location_id"] else {}
        return self.post(path, start=slot["start"], format=kind, **where, **body)


def _client(demo: Demo, email: str) -> Client:
    token = next(c["access_token"] for c in demo["clients"] if c["email"] == email)
    return Client(demo, token)


def _server_time(demo: Demo) -> str:
    """Return the server's time: the demo uses the server's clock."""
    date = get(demo["base_url"] + "/healthz").headers["date"]
    return parsedate_to_datetime(date).isoformat()


def test_the_file_has_everything_a_script_needs(demo: Demo) -> None:
    sessions = [session for client in demo["clients"] for session in client["session_ids"]]
    assert len(set(sessions)) >= 30
    assert len({client["practice"] for client in demo["clients"]}) == 3
    assert demo["links"]
    assert set(demo["links"][0]) == {"session_id", "token", "url"}
    assert [(key["practice"], key["name"], key["scope"]) for key in demo["api_keys"]] == [
        ("Harbor Wellness", "Demo software", "admin"),
        ("Praxis am Park", "Demo software", "admin"),
        ("Cabinet Lumière", "Demo software", "admin"),
    ]


def test_no_log_lines_about_dropped_mails_bury_the_guide(demo: Demo, folder: Path) -> None:
    get(f"{demo['base_url']}/healthz").raise_for_status()
    shown = (folder / "output").read_text()
    assert "worker_started" in shown
    assert "status=done" not in shown


def test_the_guide_shows_the_key_of_the_first_practice(demo: Demo, folder: Path) -> None:
    printed = (folder / "output").read_text()
    assert f"export KEY={demo['api_keys'][0]['key']}\n" in printed
    assert demo["api_keys"][1]["key"] not in printed


@pytest.mark.parametrize("port", ["its own", "another"])
def test_a_running_demo_is_not_reset(
    demo: Demo, folder: Path, monkeypatch: pytest.MonkeyPatch, port: str
) -> None:
    own = demo["base_url"].rpartition(":")[2]
    monkeypatch.setenv("PORT", own if port == "its own" else str(free_port()))
    monkeypatch.setenv("DATA_DIR", str(folder))
    monkeypatch.setattr("sys.argv", ["reslot", "demo", "--reset"])
    monkeypatch.setattr("app.cli.configure_logs", lambda _: None)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == (
        "reslot: A demo is running on this data: stop it with Ctrl-C before its data is reset."
    )
    client = Client(demo, demo["clients"][0]["access_token"])
    assert client.get(f"/v1/sessions/{demo['links'][0]['session_id']}")


def test_what_the_guide_shows_for_the_practice_works(demo: Demo, folder: Path) -> None:
    staff = Client(demo, demo["api_keys"][0]["key"])
    assert staff.get("/v1/practice/sessions")["items"]
    assert staff.get("/v1/practice/fees", status="due")["items"]
    shown = re.search(r"-d '(\{\"client_id\".*\})'", (folder / "output").read_text())
    assert shown is not None
    booked = staff.write("/v1/practice/sessions", json.loads(shown[1]))
    assert booked.status_code == httpx.codes.CREATED, booked.text


def test_staff_finished_the_past_sessions_with_every_kind_of_fee(demo: Demo) -> None:
    staff = Client(demo, demo["api_keys"][0]["key"])
    past = staff.get("/v1/practice/sessions", to=_server_time(demo), limit=100)["items"]
    assert {session["status"] for session in past} == {"fulfilled", "noshow", "cancelled"}
    fees = staff.get("/v1/practice/fees")["items"]
    assert {fee["status"] for fee in fees} >= {"due", "waived", "settled"}
    done = staff.get("/v1/practice/changes", subject="session", kind="fulfilled")["items"]
    assert {(entry["by"]["kind"], entry["by"]["name"]) for entry in done} == {
        ("practice", "Demo software")
    }


def test_a_key_reaches_its_own_practice_only(demo: Demo) -> None:
    theirs = Client(demo, demo["api_keys"][1]["key"]).get("/v1/practice/sessions")["items"]
    assert {session["client"]["email"] for session in theirs} == {
        "johanna@example.com",
        "karl@example.com",
    }


def test_a_practitioner_has_eight_upcoming_sessions_of_different_clients(demo: Demo) -> None:
    with_maya = [
        client["email"]
        for client in demo["clients"]
        for session in Client(demo, client["access_token"]).get("/v1/sessions")["items"]
        if session["practitioner"]["name"] == "Dr. Maya Chen"
    ]
    assert len(set(with_maya)) >= 8


def test_the_sessions_show_every_kind_of_decision(demo: Demo) -> None:
    seen = set()
    for client in demo["clients"]:
        for session in Client(demo, client["access_token"]).details():
            cancel = session["actions"]["cancel"]
            refusal = cancel["refusal"]
            seen.add(refusal["code"] if refusal else "fee" if cancel["fee"] else cancel["credit"])
    assert seen >= {"action-disabled", "notice-too-short", "fee", "returned", "forfeited", None}


def test_a_session_that_was_booked_just_now_is_in_its_grace(demo: Demo) -> None:
    ana = Client(demo, demo["clients"][0]["access_token"])
    graced = [
        (session["practitioner"]["name"], session["policy"]["free_targets"] is None)
        for session in ana.details()
        if session["actions"]["cancel"]["free_because"] == "grace"
    ]
    assert graced == [("Tom Okafor", False)]


def test_a_session_moves_to_the_first_and_the_last_slot_and_to_another_format(demo: Demo) -> None:
    client = _client(demo, "grace@example.com")
    session = next(s for s in client.details() if len(s["formats"]) > 2)
    for position in (0, -1):
        slot = client.slots(session["id"])[position]
        assert client.move(session["id"], slot, "video").status_code == httpx.codes.OK
    visit = client.slots(session["id"], format="in_person")[0]
    moved = client.move(session["id"], visit, "in_person")
    assert moved.status_code == httpx.codes.OK
    assert moved.json()["session"]["id"] == session["id"]
    assert moved.json()["session"]["format"]["location"]["id"] == visit["location_id"]


def test_cancelling_costs_what_was_shown(demo: Demo) -> None:
    client = _client(demo, "emma@example.com")
    details = client.details()
    late = next(s for s in details if s["actions"]["cancel"]["fee"])
    free = next(
        s for s in details if s["actions"]["cancel"]["allowed"] and s != late and not s["group"]
    )
    assert client.post(f"/v1/sessions/{free['id']}/cancel").json()["fee"] is None
    unquoted = client.post(f"/v1/sessions/{late['id']}/cancel")
    assert unquoted.json()["code"] == "quote-required"
    decision = unquoted.json()["decision"]
    done = client.post(f"/v1/sessions/{late['id']}/cancel", quote=decision["quote"])
    assert done.status_code == httpx.codes.OK
    assert (
        done.json()["fee"]
        == decision["fee"]
        == {"amount_minor": 6000, "currency": "USD", "decimals": 2}
    )


def test_inside_the_forbidden_window_there_is_a_refusal_with_a_contact(demo: Demo) -> None:
    client = _client(demo, "ana@example.com")
    session = next(
        s
        for s in client.details()
        if (s["actions"]["cancel"]["refusal"] or {}).get("code") == "notice-too-short"
    )
    refused = client.post(f"/v1/sessions/{session['id']}/cancel")
    assert refused.status_code == httpx.codes.CONFLICT
    assert refused.json()["contact"]["email"] == "tom@harbor.example"


def test_the_link_in_the_mail_opens_its_session_and_cancelling_returns_the_credit(
    demo: Demo, folder: Path
) -> None:
    oldest_first = reversed(list_mails(folder / "mail"))
    mail = next(mail for mail in oldest_first if "ana@" in mail.to)
    token = re.search(r"/portal/#([^\s&]+)", read_mail(mail.path))
    assert token is not None
    assert token.group(1) == demo["links"][0]["token"]
    opened = post(demo["base_url"] + "/v1/links/open", json={"token": token.group(1)}).json()
    by_link = Client(demo, opened["access_token"])
    slot = by_link.slots(opened["session"]["id"])[-1]
    assert by_link.move(opened["session"]["id"], slot, "video").status_code == httpx.codes.OK

    client = _client(demo, "ana@example.com")
    paid = next(s for s in client.details() if s["package"] and not s["group"])
    done = client.post(f"/v1/sessions/{paid['id']}/cancel").json()
    assert done["credit"] == "returned"
    before, after = paid["package"], done["session"]["package"]
    assert after["credits_left"] == before["credits_left"] + 1


def _class(staff: Client) -> Any:
    """Return the class that clients have booked."""
    return staff.get("/v1/practice/groups")["items"][0]


def _seats(staff: Client) -> list[Any]:
    found: list[Any] = staff.get("/v1/practice/sessions", group=_class(staff)["id"])["items"]
    return found


def test_a_text_message_lies_beside_the_mails_and_its_link_opens_the_session(
    demo: Demo, folder: Path
) -> None:
    oldest_first = reversed(list_mails(folder / "mail"))
    text = next(mail for mail in oldest_first if mail.subject == "Text message")
    assert text.to[:4] in {"+336", "+121", "+614"}
    code = re.search(r"/portal/#(\w{16})\s", read_mail(text.path))
    assert code is not None
    opened = post(demo["base_url"] + "/v1/links/open", json={"token": code.group(1)})
    assert opened.json()["practice"]["name"] == "Harbor Wellness"


def test_five_of_eight_seats_of_a_class_are_booked_and_a_later_class_has_free_ones(
    demo: Demo,
) -> None:
    staff = Client(demo, demo["api_keys"][0]["key"])
    first, later = staff.get("/v1/practice/groups")["items"]
    assert first["seats"] == 8
    assert len({seat["client"]["email"] for seat in _seats(staff)}) == 5
    assert first["starts_at"] < later["starts_at"]
    assert later["seats_left"] == 8


def test_one_date_of_the_weekly_series_was_moved_alone(demo: Demo) -> None:
    client = _client(demo, "ana@example.com")
    dates = [s for s in client.details() if s["series"]]
    assert [date["series"]["position"] for date in dates] == list(range(1, 11))
    starts = [
        datetime.fromisoformat(date["starts_at"]).astimezone(ZoneInfo("Pacific/Auckland"))
        for date in dates
    ]
    alone = starts.pop(3)
    assert {(start.isoweekday(), start.time()) for start in starts} == {
        (starts[0].isoweekday(), starts[0].time())
    }
    assert (alone.isoweekday(), alone.time()) != (starts[0].isoweekday(), starts[0].time())
    following = client.get(f"/v1/sessions/{dates[0]['id']}/scope", action="cancel")
    assert len(following["sessions"]) == 9
    assert [(one["session_id"], one["why"]) for one in following["staying"]] == [
        (dates[3]["id"], "moved")
    ]


def test_a_client_answers_the_move_request_by_the_link_in_its_mail(demo: Demo) -> None:
    staff = Client(demo, demo["api_keys"][0]["key"])
    request = staff.get("/v1/practice/move-requests", open="true")["items"][0]
    by_link, session = _open(demo, "move_request")
    proposal = session["move_request"]["proposals"][0]
    assert session["actions"]["reschedule"]["free_because"] == "move_request"
    assert by_link.move(session["id"], proposal, "in_person").status_code == httpx.codes.OK
    after = staff.get(f"/v1/practice/move-requests/{request['id']}")
    assert sorted(one["state"] for one in after["sessions"]) == ["asked", "moved"]


def _open(demo: Demo, shown: str) -> tuple[Client, Any]:
    """Open the link of the mail about a session whose details have a field."""
    for link in demo["links"]:
        token = link["token"]
        opened = post(demo["base_url"] + "/v1/links/open", json={"token": token}).json()
        by_link = Client(demo, opened["access_token"])
        session = by_link.get(f"/v1/sessions/{opened['session']['id']}")
        if session[shown]:
            return by_link, session
    raise AssertionError(shown)


def test_a_participant_leaves_the_class_and_the_practice_cancels_it(demo: Demo) -> None:
    staff = Client(demo, demo["api_keys"][0]["key"])
    hook = {"url": "http://127.0.0.1:9/", "events": ["session.cancelled", "group.cancelled"]}
    made = staff.write("/v1/practice/webhook-endpoints", hook)
    assert made.status_code == httpx.codes.CREATED, made.text
    by_link, seat = _open(demo, "group")
    group = f"/v1/practice/groups/{seat['group']['id']}"
    before = _versions_of_others(staff, seat)

    left = by_link.post(f"/v1/sessions/{seat['id']}/cancel").json()
    assert left["credit"] == "returned"
    assert _told(staff, left["command_id"]) == [
        (seat["id"], "cancelled", "client"),
        (seat["id"], "cancelled", "practitioner"),
        (seat["id"], "session.cancelled", "webhook"),
    ]
    assert _versions_of_others(staff, seat) == before

    ended = staff.post(f"{group}/cancel").json()
    ids = sorted(one["session_id"] for one in ended["sessions"])
    assert ids == sorted(before)
    assert {one["credit"] for one in ended["sessions"]} == {"returned"}
    assert _told(staff, ended["command_id"]) == sorted(
        [
            *((one, "cancelled", "client") for one in ids),
            *((one, "session.cancelled", "webhook") for one in ids),
            ("", "group.cancelled", "webhook"),
            ("", "group_cancelled", "practitioner"),
        ]
    )


def _versions_of_others(staff: Client, seat: Any) -> dict[str, int]:
    return {one["id"]: one["version"] for one in _seats(staff) if one["id"] != seat["id"]}


def _told(staff: Client, command_id: str) -> list[tuple[str, str, str]]:
    """Return the session, the kind and the recipient of each notification of a command."""
    changes = staff.get("/v1/practice/changes", limit=100)["items"]
    own = {change["id"] for change in changes if change["command_id"] == command_id}
    told = staff.get("/v1/practice/notifications", limit=100)["items"]
    return sorted(
        (one["session_id"] or "", one["kind"], one["recipient"])
        for one in told
        if one["change_id"] in own and one["channel"] != "text"
    )


@pytest.mark.parametrize("name", [MAIN_CLIENT, "ben@example.com"])
async def test_it_starts_again_after_a_client_was_erased(
    settings: Settings, engine: AsyncEngine, name: str
) -> None:
    """It lists no link of theirs; without the client whom the guide is about it says what helps."""
    now = datetime(2026, 11, 23, 15, tzinfo=UTC)
    await prepare(settings, now, reset=False)

    async def set_erased(at: datetime | None) -> None:
        own = (ClientTable.practice_id == HARBOR, ClientTable.id == demo_id(name))
        erased = update(ClientTable).where(*own).values(erased_at=at, active=at is None)
        await transact(engine, lambda db: db.execute(erased))

    await set_erased(now)
    try:
        if name == MAIN_CLIENT:
            with pytest.raises(SettingsError, match="--reset"):
                await prepare(settings, now, reset=False)
        else:
            await prepare(settings, now, reset=False)
    finally:
        await set_erased(None)


async def test_a_key_stays_valid_after_a_restart_and_a_lost_or_revoked_one_is_replaced(
    settings: Settings, engine: AsyncEngine
) -> None:
    # Shortly before midnight, the remaining hours of several practitioners overlap.
    now = datetime(2026, 11, 22, 23, 36, tzinfo=UTC)

    async def keys() -> list[str]:
        await prepare(settings, now, reset=False)
        found = json.loads((settings.data_dir / "demo.json").read_text())
        return [entry["key"] for entry in found["api_keys"]]

    first = await keys()
    assert await keys() == first
    staff = await find_staff(engine, first[0], Scope.ADMIN, origin=None)
    await transact(
        engine,
        partial(revoke_key, practice_id=HARBOR, key_id=staff.key_id, actor=staff.actor, now=now),
    )
    second = await keys()
    assert second[0] != first[0]
    assert second[1] == first[1]
    (settings.data_dir / "demo.json").write_text("spoilt")
    assert set(await keys()).isdisjoint(second)
