"""Single corrupted rows, and the error that the audit must report for each."""

from dataclasses import dataclass

_FIRST = (
    "(SELECT id FROM sessions WHERE status = 'booked' AND group_id IS NULL ORDER BY id LIMIT 1)"
)
_ANOTHER = f"status = 'booked' AND group_id IS NULL AND id <> {_FIRST}"
_OVERLAP = "a practitioner's sessions, with the gap between them, do not overlap"
_OWN_OVERLAP = "a client's sessions do not overlap"
_TIME = "the stored time is the time that a session takes"
_SEQUENCE = "SEQUENCE rises by one where calendars have to know"
_CHAIN = "a change begins where the last one ended"
_LAST = "a session is as its last change says"
_RETURNS = "a credit comes back as often as a change says so"
_HOLDS = "a session that has a credit holds it until it comes back"
_FEE = "a fee is there exactly where a change recorded it"
_VOID = "a fee is void exactly where its cause was undone"
_USED = "a use of an allowance is there exactly where a change recorded it"
_GIVEN_BACK = "a use of an allowance is given back exactly where its cause was undone"
_LACKS = "no change lacks a notification"
_NEEDLESS = "no change has a notification too many"
_BESIDE = "groups, and single sessions beside them, do not overlap"
_GROUP_TIME = "a group has its time once while it is scheduled"
_SEATS = "no more seats are taken than a group has, each number once"
_AT_GROUP = "a booked seat is at its group's time"
_ONE_ACTOR = "the changes of a command have one actor and one instant"
_GROUP_TOLD = "a group's change has its mail and its events"
_HAS_SEAT = "seat IS NOT NULL"
_SEATED = "SELECT group_id FROM sessions WHERE seat IS NOT NULL AND status = 'booked'"
_SHARED = "SELECT command_id FROM changes GROUP BY command_id HAVING count(*) > 1"
_ANSWERED = "a request is answered by a move or a cancellation of the client, and told of it"
_STILL_ASKED = "a session that its client is still asked to move is as the request left it"
_WITHDRAWN = "a request is withdrawn by the practice, or where it changes the session itself"
_ASKED = "SELECT session_id FROM move_request_sessions WHERE state = 'asked'"
# An answer that its client has not taken back: then the request is open again.
_ANSWER = (
    "details ? 'move_request' AND NOT EXISTS (SELECT FROM changes AS next"
    " WHERE next.practice_id = changes.practice_id AND next.session_id = changes.session_id"
    " AND next.session_version = changes.session_version + 1 AND next.kind = 'restored')"
)
_OF_SESSION = "subject = 'session'"
_CANCELLED = f"kind = 'cancelled' AND {_OF_SESSION}"
_REMINDERS = "reminders live exactly as long as their time"


@dataclass(frozen=True, slots=True)
class Spoiled:
    """One row of `table` that matches `where`, and the change to it.

    `change` is "DELETE", "SET …", or the columns of a changed copy, as JSON.
    """

    name: str
    table: str
    change: str
    where: str = "true"

    @property
    def statement(self) -> str:
        """Return it as SQL."""
        row = (
            f"{self.table} WHERE ctid = (SELECT ctid FROM {self.table} WHERE {self.where} LIMIT 1)"  # noqa: S608
        )
        if self.change == "DELETE":
            return f"DELETE FROM {row}"  # noqa: S608
        if self.change.startswith("SET "):
            return row.replace(self.table, f"UPDATE {self.table} {self.change}", 1)
        copy = f"(jsonb_populate_record(first, {self.change}))"
        return (
            f"INSERT INTO {self.table} SELECT {copy}.*"  # noqa: S608
            f" FROM {self.table} AS first WHERE {self.where} LIMIT 1"
        )


_NEW_ID = "jsonb_build_object('id', gen_random_uuid())"


def _beside(minutes: int) -> str:
    """Place a session this many minutes after the end of another one."""
    times = (f"ends_at + make_interval(mins => {later})" for later in (minutes, minutes + 50))
    return f"{', '.join(times)} FROM sessions WHERE id = {_FIRST})"


SPOILED = [
    Spoiled(
        _OVERLAP,
        "sessions",
        "SET (practitioner_id, starts_at, ends_at) = (SELECT practitioner_id, " + _beside(9),
        _ANOTHER,
    ),
    Spoiled(
        _OWN_OVERLAP,
        "sessions",
        "SET (starts_at, ends_at, client_id) = (SELECT "
        + _beside(-1).replace(" FROM", ", client_id FROM", 1),
        _ANOTHER,
    ),
    Spoiled(_TIME, "sessions", "SET taken_until = NULL", "status = 'booked'"),
    Spoiled(_TIME, "sessions", "SET taken_until = ends_at", "status = 'cancelled'"),
    Spoiled(_TIME, "taken_times", "DELETE", "session_id IS NOT NULL"),
    Spoiled(_TIME, "taken_times", "SET counts = NOT counts", "session_id IS NOT NULL"),
    Spoiled(
        _TIME,
        "taken_times",
        "SET span_before = tstzrange(starts_at, ends_at - interval '1 minute')",
        "session_id IS NOT NULL",
    ),
    Spoiled(
        _TIME,
        "taken_times",
        "SET span_after = tstzrange(starts_at, ends_at - interval '1 minute')",
        "session_id IS NOT NULL",
    ),
    Spoiled(
        _BESIDE,
        "groups",
        f"SET (practitioner_id, starts_at, ends_at) = (SELECT practitioner_id, {_beside(9)}",
        "status = 'scheduled'",
    ),
    Spoiled(_GROUP_TIME, "taken_times", "DELETE", "group_id IS NOT NULL"),
    Spoiled(_GROUP_TIME, "taken_times", "SET counts = false", "group_id IS NOT NULL"),
    Spoiled(_GROUP_TIME, "groups", "SET status = 'cancelled'", "status = 'scheduled'"),
    Spoiled(_SEATS, "groups", "SET seats = 0", f"id IN ({_SEATED})"),
    Spoiled(_SEATS, "sessions", "SET seat = 99", "seat IS NOT NULL"),
    Spoiled("a seat has a number until it is cancelled", "sessions", "SET seat = NULL", _HAS_SEAT),
    Spoiled(_AT_GROUP, "groups", "SET starts_at = starts_at + '1 minute'", f"id IN ({_SEATED})"),
    Spoiled(_AT_GROUP, "groups", "SET status = 'cancelled'", f"id IN ({_SEATED})"),
    Spoiled(
        "each session has its own position in its series",
        "sessions",
        "SET series_position = series_position + 1",
        "series_position = 1",
    ),
    Spoiled(_ONE_ACTOR, "changes", "SET at = at + '1 second'", f"command_id IN ({_SHARED})"),
    Spoiled(_ONE_ACTOR, "changes", "SET actor_name = 'Other'", f"command_id IN ({_SHARED})"),
    Spoiled(
        "no person gets two mails of one command",
        "notifications",
        _NEW_ID,
        "kind = 'cancelled' AND recipient = 'client'",
    ),
    *(
        Spoiled(_GROUP_TOLD, "notifications", "DELETE", f"kind = '{kind}'")
        for kind in ("group_booked", "group_moved", "group.moved", "group_cancelled")
    ),
    Spoiled(_ANSWERED, "move_request_sessions", "SET state = 'cancelled'", "state = 'moved'"),
    Spoiled(_ANSWERED, "changes", "SET details = NULL", _ANSWER),
    Spoiled(_ANSWERED, "changes", "SET actor = 'practice'", _ANSWER),
    Spoiled(
        _STILL_ASKED,
        "sessions",
        "SET status = CASE status WHEN 'booked' THEN 'cancelled' ELSE 'booked' END",
        f"id IN ({_ASKED})",
    ),
    Spoiled(
        _STILL_ASKED,
        "move_request_sessions",
        "SET state = 'asked'",
        "state = 'moved' AND answered_at IS NOT NULL",
    ),
    Spoiled(
        _WITHDRAWN,
        "move_request_sessions",
        "SET answered_at = answered_at + '1 second'",
        "state = 'withdrawn'",
    ),
    *(
        Spoiled(_LACKS, "notifications", "DELETE", f"kind = '{kind}'")
        for kind in ("move_request", "move_request.answered")
    ),
    Spoiled("a session has as many changes as versions", "sessions", "SET version = version + 1"),
    Spoiled("a session has as many changes as versions", "changes", _NEW_ID, _CANCELLED),
    Spoiled(
        "each version has one change",
        "changes",
        "SET session_version = session_version + 1",
        "subject = 'session'",
    ),
    *(
        Spoiled(
            _SEQUENCE,
            "changes",
            f"SET calendar_sequence = {value}",
            f"kind = '{kind}' AND {_OF_SESSION}",
        )
        for kind, value in {
            "booked": 1,
            "rescheduled": "calendar_sequence + 1",
            "format_changed": "calendar_sequence - 1",
            "cancelled": "calendar_sequence - 1",
            "restored": "calendar_sequence - 1",
        }.items()
    ),
    Spoiled(
        _CHAIN,
        "changes",
        "SET old_starts_at = old_starts_at + interval '30 minutes'",
        "kind = 'rescheduled'",
    ),
    Spoiled(_CHAIN, "changes", "SET old_format = NULL", _CANCELLED),
    *(
        Spoiled(_LAST, "sessions", f"SET {change}", "status = 'booked'")
        for change in (
            "starts_at = starts_at + interval '30 minutes'",
            "format = 'other'",
            "calendar_sequence = calendar_sequence + 1",
            "status = 'cancelled'",
        )
    ),
    Spoiled(_LAST, "sessions", "SET status = 'booked'", "status = 'cancelled'"),
    Spoiled(
        "no package has more credits in use than it has",
        "packages",
        "SET credits = 0",
        "id IN (SELECT package_id FROM credit_redemptions WHERE returned_at IS NULL)",
    ),
    Spoiled("the packages have other credits", "packages", "SET credits = credits + 1"),
    Spoiled(_RETURNS, "credit_redemptions", "SET returned_at = NULL", "returned_at IS NOT NULL"),
    Spoiled(_RETURNS, "credit_redemptions", "SET returned_at = now()", "returned_at IS NULL"),
    Spoiled(_RETURNS, "credit_redemptions", _NEW_ID, "returned_at IS NOT NULL"),
    Spoiled(_HOLDS, "credit_redemptions", _NEW_ID, "returned_at IS NULL"),
    Spoiled(
        _HOLDS,
        "credit_redemptions",
        "SET forfeited_at = now()",
        "num_nonnulls(returned_at, forfeited_at) = 0",
    ),
    Spoiled(_FEE, "fees", "DELETE"),
    Spoiled(_FEE, "fees", "SET amount_minor = amount_minor + 1"),
    Spoiled(_FEE, "changes", "SET fee_minor = NULL", "fee_minor IS NOT NULL"),
    Spoiled(_VOID, "fees", "SET status = 'due'", "status = 'void'"),
    Spoiled(_VOID, "fees", "SET status = 'void'", "status = 'due'"),
    Spoiled(_USED, "allowance_uses", "DELETE"),
    Spoiled(_USED, "allowance_uses", "SET used_at = used_at - interval '1 second'"),
    Spoiled(
        _GIVEN_BACK,
        "allowance_uses",
        "SET given_back_at = now(), given_back_by = 'undo'",
        "given_back_at IS NULL",
    ),
    Spoiled(
        "no client has used more of an allowance than there is",
        "policy_versions",
        "SET rules = jsonb_set(rules, '{allowance,free}', '1')",
    ),
    *(
        Spoiled(_LACKS, "notifications", "DELETE", f"kind = '{kind}' AND recipient = '{recipient}'")
        for kind, recipient in (
            ("booked", "client"),
            ("cancelled", "practitioner"),
            ("session.rescheduled", "webhook"),
            ("fee.recorded", "webhook"),
            ("reminder", "client"),
        )
    ),
    Spoiled(
        _LACKS, "notifications", "SET send_at = send_at + interval '1 day'", "kind = 'reminder'"
    ),
    Spoiled(_NEEDLESS, "notifications", _NEW_ID),
    Spoiled(
        _REMINDERS,
        "notifications",
        "SET status = 'pending'",
        "kind = 'reminder' AND status = 'dropped'",
    ),
    Spoiled(
        _REMINDERS,
        "notifications",
        "SET status = 'dropped'",
        "kind = 'reminder' AND status = 'pending'",
    ),
    Spoiled(
        "a notification that waits has a wake",
        "pgqueuer",
        "DELETE",
        "split_part(dedupe_key, '/', 1) IN"
        " (SELECT id::text FROM notifications WHERE status = 'pending')",
    ),
    Spoiled(
        "LOST rescheduled",
        "idempotency_keys",
        "SET key = 'other'",
        "key IN (SELECT note FROM change_notes JOIN changes ON id = change_id"
        " WHERE kind = 'rescheduled')",
    ),
    Spoiled(
        "LOST rescheduled",
        "changes",
        "SET ends_at = now()",
        f"kind = 'rescheduled' AND {_OF_SESSION} AND actor = 'client' AND details IS NULL"  # noqa: S608
        " AND session_id IN (SELECT id FROM sessions WHERE series_id IS NULL)",
    ),
    Spoiled(
        "LOST restored",
        "change_notes",
        "SET note = 'other'",
        "change_id IN (SELECT id FROM changes WHERE kind = 'restored' AND actor = 'practice')",
    ),
    Spoiled("DOUBLED booked", "idempotency_keys", "DELETE", "status = 201"),
    Spoiled("DOUBLED booked", "idempotency_keys", """'{"key": "other"}'""", "status = 201"),
    Spoiled("another answer was given", "idempotency_keys", "SET body = body || ' '::bytea"),
    Spoiled("another answer was given", "idempotency_keys", "SET etag = '\"99\"'"),
    Spoiled("another answer was given", "idempotency_keys", "SET fingerprint = ''"),
    Spoiled(
        "done, without an answer",
        "idempotency_keys",
        "DELETE",
        "key IN (SELECT note FROM change_notes)",
    ),
]
