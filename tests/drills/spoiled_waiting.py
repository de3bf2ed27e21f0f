"""Corrupted rows of held times, undo, announced fees, wishes and offers (spoiled.py)."""

from tests.drills.spoiled import Spoiled

_HELD = "a time is held for one session or offer at once"
_FREE = "a held time is free of others' sessions"
_SEATS = "a group has a seat for each one that is taken or held"
_ENDED = "an offer's time is held until it ends, and no longer"
_ACCEPTED = "an accepted offer has moved or booked its session"
_BY_OFFER = "only an accepted offer moves a session"
_RELEASED = "a released time is its session's, and released once"
_GIVEN_UP = "a session is given up exactly when somebody takes its time, free of charge"
_IN_TURN = "one client at a time is asked in turn"
_OFFERED = "a wish has an open offer exactly while it is offered"
_ONE_WISH = "a session has one wish that has not ended"
_TOLD = "an offer is told of as often as it changes"
_ANNOUNCED = "a fee is announced once, before its end"
_UNDO = "only a client's own last change can be taken back"
_NO_FEE = "a change that was taken back leaves no fee"

_LONG = "expires_at = first_held_at + interval '10 years'"
_NEW_ID = "jsonb_build_object('id', gen_random_uuid())"
_ANOTHER = """jsonb_build_object('id', gen_random_uuid(), 'session_id', (SELECT id FROM sessions
  WHERE group_id IS NULL AND id NOT IN (SELECT session_id FROM held_times
    WHERE session_id IS NOT NULL) LIMIT 1))"""
_BOOKED = """(SELECT {} FROM sessions WHERE status = 'booked' AND group_id IS NULL
  AND id IS DISTINCT FROM held_times.session_id ORDER BY id LIMIT 1)"""
_HELD_SEAT = (
    "SELECT group_id FROM held_times WHERE expires_at > (SELECT max(at) FROM changes)"
    " AND held_times.starts_at = groups.starts_at"
)
_LIVE_RELEASE = "SELECT id FROM sessions WHERE release_until IS NOT NULL"
_TAKEN_TIME = "SELECT freed_time_id FROM offers WHERE state = 'accepted'"
_HAS_HOLD = "id IN (SELECT offer_id FROM held_times WHERE expires_at > first_held_at)"

SPOILED_WAITING = [
    Spoiled(
        _HELD,
        "held_times",
        _ANOTHER,
        "group_id IS NULL AND session_id IS NOT NULL AND expires_at > first_held_at",
    ),
    Spoiled(
        _FREE,
        "held_times",
        "SET (practitioner_id, starts_at, ends_at) = "
        + _BOOKED.format("practitioner_id, starts_at, ends_at")
        + f", {_LONG}",
        "session_id IS NOT NULL AND group_id IS NULL",
    ),
    Spoiled(_SEATS, "groups", "SET seats = 0", f"status = 'scheduled' AND id IN ({_HELD_SEAT})"),
    Spoiled(_ENDED, "offers", "SET ended_at = made_at", _HAS_HOLD),
    Spoiled(_ENDED, "offers", "SET holds = false", _HAS_HOLD),
    Spoiled(
        _ACCEPTED, "offers", "SET starts_at = starts_at - interval '1 hour'", "state = 'accepted'"
    ),
    Spoiled(_ACCEPTED, "offers", "SET booked_session_id = NULL", "state = 'accepted'"),
    Spoiled(_ACCEPTED, "offers", "SET state = 'expired'", "state = 'accepted'"),
    Spoiled(_ACCEPTED, "offers", "SET state = 'accepted'", "state = 'open'"),
    Spoiled(
        _BY_OFFER,
        "offers",
        "SET state = 'withdrawn'",
        "state = 'accepted' AND session_id IS NOT NULL",
    ),
    Spoiled(
        _RELEASED,
        "freed_times",
        "SET ended_at = look_at",
        f"released AND ended_at IS NULL AND session_id IN ({_LIVE_RELEASE})",
    ),
    Spoiled(_RELEASED, "sessions", "SET release_until = starts_at", "release_until IS NOT NULL"),
    Spoiled(_GIVEN_UP, "freed_times", "SET released = true", f"id IN ({_TAKEN_TIME})"),
    Spoiled(
        _GIVEN_UP,
        "changes",
        """SET details = jsonb_build_object('release', gen_random_uuid())""",
        "kind = 'cancelled' AND subject = 'session'",
    ),
    Spoiled(_IN_TURN, "offers", _NEW_ID, "state = 'open' AND holds"),
    Spoiled(_OFFERED, "offers", _NEW_ID, "state = 'open'"),
    Spoiled(_OFFERED, "wishes", "SET state = 'waiting'", "state = 'offered'"),
    Spoiled(_OFFERED, "wishes", "SET state = 'offered'", "state = 'met'"),
    Spoiled(_ONE_WISH, "wishes", _NEW_ID, "ended_at IS NULL AND session_id IS NOT NULL"),
    *(
        Spoiled(_TOLD, "notifications", "DELETE", f"kind = '{kind}'")
        for kind in ("offer", "offer.made", "offer.accepted", "offer.declined")
    ),
    Spoiled(_TOLD, "notifications", _NEW_ID, "kind = 'offer'"),
    Spoiled(_ANNOUNCED, "fees", "SET announced_at = NULL", "announced_at IS NOT NULL"),
    Spoiled(_ANNOUNCED, "fees", "SET announced_at = now()", "announced_at IS NULL"),
    Spoiled(
        _ANNOUNCED,
        "fees",
        "SET closed_at = announced_at - interval '1 second'",
        "announced_at IS NOT NULL",
    ),
    Spoiled(_ANNOUNCED, "fees", "SET collect_after = announced_at", "announced_at IS NOT NULL"),
    Spoiled(_ANNOUNCED, "changes", _NEW_ID, "kind = 'fee_collectable'"),
    Spoiled(
        "no change lacks a notification", "notifications", "DELETE", "kind = 'fee.collectable'"
    ),
    Spoiled(
        "no change has a notification too many",
        "notifications",
        _NEW_ID,
        "kind = 'fee.collectable'",
    ),
    Spoiled(
        _UNDO,
        "sessions",
        "SET undo_until = now(), undo = '{}'",
        "id IN (SELECT session_id FROM changes"
        " WHERE kind = 'booked' AND session_version = version)",
    ),
    Spoiled(
        _UNDO,
        "changes",
        "SET actor = 'practice'",
        "subject = 'session' AND (session_id, session_version) IN"
        " (SELECT id, version FROM sessions WHERE undo_until IS NOT NULL)",
    ),
    Spoiled(
        _NO_FEE,
        "fees",
        "SET status = 'due'",
        "change_id IN (SELECT one.id FROM changes AS one JOIN changes AS back"
        " ON back.session_id = one.session_id AND back.session_version = one.session_version + 1"
        " WHERE back.kind = 'restored' AND back.actor = 'client')",
    ),
    Spoiled(
        "a nudge lives as long as its time, and until its client confirms",
        "notifications",
        "jsonb_build_object('id', gen_random_uuid(), 'kind', 'nudge', 'status', 'dropped')",
        "kind = 'reminder' AND status = 'pending'",
    ),
    Spoiled(
        "a nudge comes before the start, long after the change, and never at night",
        "notifications",
        "jsonb_build_object('id', gen_random_uuid(), 'kind', 'nudge', 'send_at', starts_at)",
        "kind = 'reminder'",
    ),
    Spoiled(
        "a change has one nudge at most, and it is the nearest reminder's if that is close",
        "notifications",
        "jsonb_build_object('id', gen_random_uuid(), 'kind', 'nudge')",
        "kind = 'reminder'",
    ),
    Spoiled(
        "who is coming has a booked or finished session and has not said otherwise",
        "sessions",
        "SET confirmed_at = now()",
        "status = 'booked'",
    ),
]
