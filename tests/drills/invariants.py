"""Invariants of a practice's rows, as SQL statements that find violations.

They compute everything from the history of changes and rely on no constraint. `$1` is the practice.
"""

_FACTS = """
WITH sessions AS (SELECT * FROM public.sessions WHERE practice_id = $1),
history AS (
  SELECT *, row_number() OVER own AS number, lead(id) OVER own IS NULL AS is_last,
    lead(kind) OVER own AS next_kind, lag(calendar_sequence) OVER own AS old_sequence,
    lag(starts_at) OVER own AS was_at, lag(ends_at) OVER own AS was_until,
    lag(format) OVER own AS was_format, lag(location_id) OVER own AS was_where,
    coalesce(details ->> 'undone', '') AS undone
  FROM changes WHERE practice_id = $1 AND subject = 'session'
  WINDOW own AS (PARTITION BY session_id ORDER BY session_version, at, id)
),
used AS (
  SELECT session_id, count(returned_at) AS returned, count(forfeited_at) AS forfeited,
    count(*) - count(returned_at) AS in_use
  FROM credit_redemptions WHERE practice_id = $1 GROUP BY session_id
),
taken AS (
  SELECT sessions.*, CASE status WHEN 'noshow'
      THEN least(sessions.ends_at, greatest(sessions.starts_at, at))
      ELSE sessions.ends_at END AS until,
    CASE status WHEN 'noshow' THEN 0 ELSE buffer_after_minutes END AS gap_after
  FROM sessions LEFT JOIN history ON session_id = sessions.id AND is_last
  WHERE status <> 'cancelled'
),
hooks AS (SELECT id FROM webhook_endpoints WHERE practice_id = $1 AND active),
told AS (
  SELECT id, session_id, starts_at, at, fee_minor,
    CASE kind WHEN 'format_changed' THEN 'rescheduled' ELSE kind END AS kind,
    kind <> 'fulfilled' AND undone <> 'fulfilled' AS by_mail,
    kind IN ('booked', 'rescheduled', 'format_changed', 'restored') AS is_on
  FROM history
),
wanted (change_id, session_id, starts_at, kind, recipient, endpoint_id, send_at) AS (
  SELECT told.id, session_id, starts_at, kind, person, NULL::uuid, at
  FROM told, unnest(ARRAY['client', 'practitioner']) AS person WHERE by_mail
  UNION ALL
  SELECT told.id, session_id, starts_at, 'session.' || kind, 'webhook', hooks.id, at
  FROM told, hooks
  UNION ALL
  SELECT told.id, session_id, starts_at, 'fee.recorded', 'webhook', hooks.id, at
  FROM told, hooks WHERE fee_minor IS NOT NULL
  UNION ALL
  SELECT DISTINCT told.id, session_id, told.starts_at, 'reminder', 'client', NULL::uuid,
    told.starts_at - make_interval(mins => minutes)
  FROM told JOIN sessions ON sessions.id = session_id
  JOIN services ON services.practice_id = $1 AND services.id = service_id,
    unnest(reminder_minutes) AS minutes
  WHERE is_on AND told.starts_at - make_interval(mins => minutes) > at
),
there AS (
  SELECT change_id, notifications.session_id, notifications.starts_at, notifications.kind,
    recipient, endpoint_id, send_at
  FROM notifications JOIN history ON history.id = change_id WHERE notifications.practice_id = $1
)
"""

_PAIRS = """
SELECT one.id FROM taken AS one JOIN taken AS other
  ON (one.starts_at, one.id) < (other.starts_at, other.id)
WHERE one.until > one.starts_at AND other.until > other.starts_at
"""

_BREACHES = {
    "a practitioner's sessions, with the gap between them, do not overlap": _PAIRS
    + """ AND one.practitioner_id = other.practitioner_id
    AND (one.group_id = other.group_id) IS NOT TRUE
    AND other.starts_at < one.until + make_interval(
      mins => greatest(one.gap_after, other.buffer_before_minutes))""",
    "a client's sessions do not overlap": _PAIRS
    + " AND one.client_id = other.client_id AND other.starts_at < one.until",
    "the stored time is the time that a session takes": """
    SELECT sessions.id FROM sessions
    LEFT JOIN taken ON taken.id = sessions.id AND taken.until > taken.starts_at
    LEFT JOIN taken AS own ON own.id = taken.id AND own.group_id IS NULL
    LEFT JOIN taken_times AS stored ON stored.practice_id = $1 AND stored.id = sessions.id
    WHERE sessions.taken_until IS DISTINCT FROM taken.until
      OR (stored.practitioner_id, stored.span_before, stored.span_after, stored.counts)
        IS DISTINCT FROM (own.practitioner_id,
          CASE WHEN own.id IS NOT NULL THEN tstzrange(own.starts_at
            - make_interval(mins => own.buffer_before_minutes), own.until) END,
          CASE WHEN own.id IS NOT NULL THEN tstzrange(own.starts_at,
            own.until + make_interval(mins => own.gap_after)) END,
          own.status <> 'noshow')""",
    "a session has as many changes as versions": """
    SELECT id FROM sessions WHERE version <>
    (SELECT count(*) FROM history WHERE session_id = sessions.id)""",
    "each version has one change": "SELECT session_id FROM history WHERE session_version <> number",
    "SEQUENCE rises by one where calendars have to know": """
    SELECT session_id FROM history WHERE calendar_sequence <> coalesce(old_sequence, 0) + (
      kind IN ('rescheduled', 'format_changed', 'cancelled') OR undone = 'cancelled')::int""",
    "a change begins where the last one ended": """
    SELECT session_id FROM history
    WHERE (old_starts_at, old_ends_at, old_format, old_location_id)
      IS DISTINCT FROM (was_at, was_until, was_format, was_where)""",
    "a session is as its last change says": """
    SELECT sessions.id FROM sessions LEFT JOIN history ON session_id = sessions.id AND is_last
    WHERE (sessions.starts_at, sessions.ends_at, sessions.format, sessions.location_id,
        sessions.join_url, sessions.instructions, sessions.calendar_sequence, sessions.status)
      IS DISTINCT FROM (history.starts_at, history.ends_at, history.format, history.location_id,
        history.join_url, history.instructions, history.calendar_sequence,
        CASE WHEN kind IN ('cancelled', 'fulfilled', 'noshow') THEN kind ELSE 'booked' END)""",
    "no package has more credits in use than it has": """
    SELECT packages.id FROM packages WHERE practice_id = $1 AND credits <
    (SELECT count(*) FROM credit_redemptions AS redemptions
     WHERE redemptions.practice_id = $1 AND package_id = packages.id AND returned_at IS NULL)""",
    "a credit comes back as often as a change says so": """
    SELECT session_id FROM used FULL JOIN (
      SELECT session_id, count(*) FILTER (WHERE credit = 'returned') AS said
      FROM history GROUP BY session_id) AS changes USING (session_id)
    WHERE coalesce(returned, 0) <> said""",
    "a session that has a credit holds it until it comes back": """
    SELECT session_id FROM used JOIN history USING (session_id) WHERE is_last
    AND (in_use, forfeited) IS DISTINCT FROM (
      (credit IS DISTINCT FROM 'returned')::int::bigint,
      (credit IS NOT DISTINCT FROM 'forfeited')::int::bigint)""",
    "a fee is there exactly where a change recorded it": """
    SELECT coalesce(history.id, fees.id)
    FROM (SELECT * FROM fees WHERE practice_id = $1) AS fees
    FULL JOIN (SELECT * FROM history WHERE fee_minor IS NOT NULL) AS history
      ON history.id = change_id
    WHERE (fees.session_id, amount_minor) IS DISTINCT FROM (history.session_id, fee_minor)""",
    "a fee is void exactly where its cause was undone": """
    SELECT fees.id FROM fees JOIN history ON history.id = change_id
    WHERE fees.practice_id = $1
      AND (fees.status = 'void') IS DISTINCT FROM (coalesce(next_kind, '') = 'restored')""",
    "no change lacks a notification": """
    SELECT change_id
    FROM (SELECT * FROM wanted EXCEPT ALL SELECT * FROM there) AS missing""",
    "no change has a notification too many": """
    SELECT change_id
    FROM (SELECT * FROM there EXCEPT ALL SELECT * FROM wanted) AS needless""",
    "reminders live exactly as long as their time": """
    SELECT notifications.id FROM notifications JOIN history ON history.id = change_id
    JOIN sessions ON sessions.id = notifications.session_id
    WHERE notifications.practice_id = $1 AND notifications.kind = 'reminder'
      AND (notifications.status = 'dropped') = (sessions.status = 'booked' AND is_last)""",
    "a notification that waits has a wake": """
    SELECT id FROM notifications
    WHERE practice_id = $1 AND status = 'pending' AND NOT EXISTS (
      SELECT FROM pgqueuer
      WHERE dedupe_key =
        notifications.id::text || '/' || (extract(epoch FROM attempt_at) * 1e6)::bigint
      AND status IN ('queued', 'picked'))""",
}

INVARIANTS = {name: f"{_FACTS} {breach}" for name, breach in _BREACHES.items()}
