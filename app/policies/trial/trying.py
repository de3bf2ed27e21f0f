"""Try rules on what was decided in a time, without writing anything."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from app.database.transactions import read_connection
from app.domain.policy.rules import Policy
from app.domain.policy.working_days import working_day_deadlines
from app.policies.queries import read_closed_days
from app.policies.trial.queries import read_past, versions_with
from app.policies.trial.records import ChangePosition, Trial
from app.policies.trial.tally import Tally

# The most that one call judges. It takes some seconds.
MOST_DECISIONS = 100_000


@dataclass(frozen=True, slots=True)
class Tried:
    """The sums of a trial of these rules. `until`: decisions before this instant are in them."""

    rules: Policy
    tally: Tally
    until: datetime


async def try_policy(
    engine: AsyncEngine,
    trial: Trial,
    rules: Policy,
    after: ChangePosition | None,
    limit: int,
    *,
    most: int = MOST_DECISIONS,
) -> Tried:
    """Judge all decisions of a time by other rules, in one pass and bounded memory.

    After `most` decisions it ends, but never between two of the same instant. Each page is judged
    at once; the event loop serves other requests while the next one is read.
    """
    async with read_connection(engine) as db:
        same = await versions_with(db, trial.practice_id, rules)
        closed = None
        if working_day_deadlines(rules):
            closed = await read_closed_days(db, trial.practice_id, rules)
    tally = Tally(rules, same, closed, after, limit)
    judged, last = 0, None
    async for page in read_past(engine, trial):
        for past in page:
            if judged >= most and past.position.at != last:
                return Tried(rules, tally, past.position.at)
            tally.add(past)
            judged, last = judged + 1, past.position.at
    return Tried(rules, tally, trial.end)
