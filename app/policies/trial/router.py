"""`POST /v1/practice/policies/try`: what other rules would have decided."""

from datetime import datetime, timedelta

from fastapi import APIRouter, Response

from app.database.transactions import read_connection
from app.domain.errors import InvalidInputError
from app.domain.policy.document import parse_rules
from app.identity.staff_dependencies import StaffReader
from app.policies.checks import check_policy
from app.policies.proof import proof_read
from app.policies.trial.presenter import present_trial
from app.policies.trial.records import ChangePosition, Trial
from app.policies.trial.schemas import MOST_DAYS, TrialAnswer, TryPolicy
from app.policies.trial.trying import try_policy
from app.web.cursors import Cursors
from app.web.dependencies import CursorSigner, Now, ReadEngine, ReaderTexts
from app.web.pagination import Page
from app.web.problems.catalogue import responses
from app.web.responses import json_answer

router = APIRouter(prefix="/v1/practice/policies", tags=["Practice: policies"])

# Decisions on a page.
LIMIT = 50


@router.post(
    "/try",
    summary="Try a policy",
    response_model=TrialAnswer,
    responses=responses(
        "unauthorized",
        "forbidden",
        "validation-failed",
        "payload-too-large",
        "unsupported-media-type",
        "service-unavailable",
    ),
)
async def try_practice_policy(
    body: TryPolicy,
    staff: StaffReader,
    now: Now,
    engine: ReadEngine,
    cursors: CursorSigner,
    texts: ReaderTexts,
) -> Response:
    """Judge what was done in a time by other rules, beside what was decided then.

    Each cancellation, move, change of format, absence and missed session is judged again with the
    facts of then, if these rules would have applied to it: a service's rules to its sessions, a
    practitioner's to theirs unless the service had a policy, the practice's to the others. Nothing
    is written; no `Idempotency-Key` is needed. The rules that were in force change nothing. For an
    API key with the scope `read`, other rules are tried as if clients had given no reason.
    """
    _check_time(body, now)
    document = body.rules.document()
    async with read_connection(engine) as db:
        await check_policy(db, staff.practice_id, body.service_id, body.practitioner_id, document)
        proof = await proof_read(db, staff.practice_id, body.service_id, document)
    trial = Trial(
        staff.practice_id,
        body.level,
        body.service_id or body.practitioner_id,
        body.start,
        body.end,
        staff.scope.sees_reasons,
    )
    pages = Cursors(cursors, ChangePosition, "trial", *trial, document)
    after = pages.read(body.cursor, where="body")
    # One more than the page shows tells whether there is a next page.
    found = await try_policy(engine, trial, parse_rules(document), after, LIMIT + 1)
    most = found.tally.most_changed
    shown = most[:LIMIT]
    next_cursor = pages.write(shown[-1].position) if len(most) > LIMIT else None
    page = Page(shown, next_cursor)
    return json_answer(present_trial(trial, found, page, proof, texts), texts=texts)


def _check_time(body: TryPolicy, now: datetime) -> None:
    """Check the time of a trial.

    Raises:
        InvalidInputError: it is too long ago, or it ends before it begins.
    """
    first = (now - timedelta(days=MOST_DAYS)).date()
    if body.start.date() < first:
        raise InvalidInputError("/from", "field.before-first", first=first.isoformat())
    if body.end <= body.start:
        raise InvalidInputError("/to", "field.after-from")
