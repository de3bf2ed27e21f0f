"""The practice's own list of reasons in a policy: its shape, its proof, and trying it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.tables.practices import PolicyVersion
from tests.world import NOW, Api, TestClock, World

POLICIES = "/v1/practice/policies"
START = NOW + timedelta(days=3)
DAY = timedelta(days=1)
LATE = {"deadline": {"before_minutes": 200_000}, "amount_minor": 4500}
PLAIN: dict[str, Any] = {"cancel": {"fees": [LATE]}}
ILL = {"code": "ill", "labels": {"en": "I am ill", "fr": "Je suis malade"}, "fee": "none"}
WORK = {"code": "work", "labels": {"en": "Work"}, "fee": "ask"}


def listed(**changes: Any) -> dict[str, Any]:
    return {"reasons": [ILL, WORK | {"code": "late"} | changes]}


def labelled(**labels: Any) -> dict[str, Any]:
    return listed(labels=labels)


@pytest.mark.parametrize(
    ("rules", "pointer"),
    [
        pytest.param({"reasons": {}}, "", id="object"),
        pytest.param({"reasons": []}, "", id="empty"),
        pytest.param(
            {"reasons": [ILL | {"code": f"r{number}"} for number in range(31)]}, "", id="31"
        ),
        pytest.param({"reasons": [ILL, {"code": "late"}]}, "/1/labels", id="no labels"),
        pytest.param({"reasons": [{"code": "late"}]}, "/0/labels", id="the only one"),
        pytest.param(listed(code="ill"), "/1/code", id="twice"),
        pytest.param(listed(code="Ill"), "/1/code", id="capital"),
        pytest.param(listed(code=""), "/1/code", id="no code"),
        pytest.param(listed(code="x" * 41), "/1/code", id="long code"),
        pytest.param(listed(code="ill\n"), "/1/code", id="line"),
        pytest.param(listed(code=7), "/1/code", id="number"),
        pytest.param(listed(fee="free"), "/1/fee", id="fee"),
        pytest.param(listed(fee=None), "/1/fee", id="no fee"),
        pytest.param(listed(limit=3), "/1/limit", id="more"),
        pytest.param(listed(labels={}), "/1/labels", id="empty labels"),
        pytest.param(listed(labels=["Ill"]), "/1/labels", id="list of labels"),
        pytest.param(labelled(fr=" "), "/1/labels/fr", id="blank label"),
        pytest.param(labelled(fr="x" * 81), "/1/labels/fr", id="long label"),
        pytest.param(labelled(fr="a\nb"), "/1/labels/fr", id="line in a label"),
        pytest.param(labelled(fr=7), "/1/labels/fr", id="number as a label"),
        pytest.param(labelled(FR="Malade"), "/1/labels/FR", id="capital language"),
        pytest.param(labelled(french="Malade"), "/1/labels/french", id="no language"),
        pytest.param(listed(labels={"fr-ca": "x"}), "/1/labels/fr-ca", id="small region"),
        pytest.param(listed(labels={"a/b": "x"}), "/1/labels/a~1b", id="slash"),
        pytest.param(
            listed(labels={f"a{chr(97 + n)}": "x" for n in range(21)}), "/1/labels", id="21 labels"
        ),
    ],
)
@pytest.mark.parametrize("path", [POLICIES, f"{POLICIES}/try"])
async def test_a_bad_list_is_named_where_it_is_bad(
    staff: Api, world: World, rules: Any, pointer: str, path: str
) -> None:
    time = {"from": NOW.isoformat(), "to": START.isoformat()}
    body = {"rules": rules} | (time if path.endswith("try") else {})
    answer = await staff.post(path, body)
    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json()["errors"]] == [f"/rules/reasons{pointer}"]
    assert await world.rows(PolicyVersion) == []


async def test_a_list_is_kept_as_it_was_sent(staff: Api) -> None:
    thirty = [
        {"code": f"reason-{number}", "labels": {"zh-Hant-TW": "病", "es-419": "Enfermedad"}}
        for number in range(30)
    ]
    for reasons in ([ILL, WORK], thirty, [{"code": "x" * 40, "labels": {"en": "x" * 80}}]):
        answer = await staff.post(POLICIES, {"rules": {"reasons": reasons}})
        assert answer.status_code == 201, answer.text
        assert answer.json()["rules"] == {"reasons": reasons}
    answer = await staff.post(POLICIES, {"rules": {"reasons": None}})
    assert answer.json()["rules"] == {}


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        (
            "en",
            [
                "Clients choose one of these reasons: I am ill, Work, and Other.",
                "With this reason nothing is charged: I am ill.",
                "With this reason the practice is asked to waive the fee: Work.",
            ],
        ),
        (
            "fr",
            [
                "Il faut choisir l'un de ces motifs\u00a0: Je suis malade, Work et Autre.",
                "Avec ce motif, rien n'est facturé\u00a0: Je suis malade.",
                "Avec ce motif, il est demandé au cabinet de renoncer aux frais\u00a0: Work.",
            ],
        ),
        (
            "de",
            [
                "Zur Wahl stehen diese Gründe: I am ill, Work und Sonstiges.",
                "Mit diesem Grund kostet es nichts: I am ill.",
                "Mit diesem Grund wird die Praxis gebeten, die Gebühr zu erlassen: Work.",
            ],
        ),
        (
            "es",
            [
                "Hay que elegir uno de estos motivos: I am ill, Work y Otro motivo.",
                "Con este motivo no se cobra nada: I am ill.",
                "Con este motivo se pide al centro que perdone el cargo: Work.",
            ],
        ),
    ],
)
async def test_the_proof_reader_tells_what_the_reasons_change(
    staff: Api, language: str, sentences: list[str]
) -> None:
    body = {"rules": PLAIN | {"reasons": [ILL, WORK]}}
    answer = await staff.post(POLICIES, body, {"Accept-Language": language})
    assert answer.json()["proof"]["sentences"][-3:] == sentences


async def test_a_list_with_which_no_fee_is_ever_due_is_warned_about(staff: Api) -> None:
    for reasons, warned in (([ILL], True), ([ILL, WORK], False)):
        answer = await staff.post(POLICIES, {"rules": PLAIN | {"reasons": reasons}})
        found = [
            (one["pointer"], one["sentence"])
            for one in answer.json()["proof"]["warnings"]
            if one["code"] == "every-reason-free"
        ]
        sentence = "Every reason on the list is free: a client who chooses one never pays a fee."
        assert found == ([("/rules/reasons", sentence)] if warned else [])


# Trying a policy


async def cancelled(api: Api, world: World, *codes: str) -> list[UUID]:
    """Cancel a late session for each of these reasons."""
    ids = [await world.book(START + DAY * n) for n in range(len(codes))]
    for session_id, code in zip(ids, codes, strict=True):
        quote = (await api.session(session_id))["actions"]["cancel"]["quote"]
        answer = await api.cancel(session_id, quote=quote, reason={"code": code, "note": "So."})
        assert answer.status_code == 200, answer.text
    return ids


async def tried(staff: Api, rules: Any) -> Any:
    time = {"from": NOW.isoformat(), "to": (NOW + DAY * 30).isoformat()}
    answer = await staff.post(f"{POLICIES}/try", {"rules": rules} | time)
    assert answer.status_code == 200, answer.text
    return answer.json()


UNKNOWN = "Clients who know what a reason changes may give it more often."


async def test_a_list_is_tried_by_the_codes_that_clients_gave(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(PLAIN)
    ill, *_ = await cancelled(api, world, "unwell", "work")
    clock.now = START + DAY * 10
    unwell = ILL | {"code": "unwell"}
    found = await tried(staff, PLAIN | {"reasons": [unwell, WORK]})
    (cancels,) = found["actions"]
    assert (cancels["stood"]["fee"], cancels["tried"]["fee"], cancels["tried"]["free"]) == (2, 1, 1)
    assert [one["session_id"] for one in found["changes"]] == [str(ill)]
    assert UNKNOWN in found["unknown"]
    assert UNKNOWN not in (await tried(staff, PLAIN))["unknown"]


async def test_a_list_in_force_changes_nothing_and_without_it_fees_would_be_due(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    rules = PLAIN | {"reasons": [ILL, WORK]}
    await world.add_policy(rules)
    await cancelled(api, world, "ill", "work", "other")
    clock.now = START + DAY * 10
    assert (await tried(staff, rules))["changes"] == []
    (without,) = (await tried(staff, PLAIN))["actions"]
    assert (without["stood"]["fee"], without["tried"]["fee"]) == (2, 3)
