"""Invariants of a practice's rows, as SQL statements that find violations.

They compute everything from the history of changes and rely on no constraint. `$1` is the practice.
"""

from tests.drills.invariants_waiting import WAITING

_FACTS = """
WITH sessions AS (SELECT * FROM public.sessions WHERE practice_id = $1),
history AS (
  SELECT *, row_number() OVER own AS number, lead(id) OVER own IS NULL AS is_last,
    lead(kind) OVER own AS next_kind, lag(id) OVER own AS old_id,
    lead(kind) OVER own = 'restored' AND lead(actor) OVER own = 'client' AS taken_back,
    lag(calendar_sequence) OVER own AS old_sequence,
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
group_history AS (SELECT * FROM changes WHERE practice_id = $1 AND subject = 'group'),
asks AS (SELECT * FROM changes WHERE practice_id = $1 AND subject = 'move_request'),
asked AS (
  SELECT one.*, request.meanwhile, request.withdrawn_at, entry.session_version
  FROM move_request_sessions AS one
  JOIN move_requests AS request ON request.practice_id = $1 AND request.id = move_request_id
  JOIN asks ON asks.subject_id = request.id AND asks.kind = 'asked'
  JOIN changes AS entry ON entry.practice_id = $1 AND entry.command_id = asks.command_id
    AND entry.session_id = one.session_id
  WHERE one.practice_id = $1
),
hooks AS (SELECT id FROM webhook_endpoints WHERE practice_id = $1 AND active),
told AS (
  SELECT id, command_id, session_id, starts_at, at, fee_minor,
    CASE WHEN kind = 'restored' AND actor = 'client' THEN ARRAY(
      -- Dropped later, a mail was merged into that of a later change.
      SELECT recipient FROM notifications WHERE practice_id = $1 AND change_id = old_id
        AND status = 'dropped' AND finished_at <= history.at
        AND kind <> ALL (ARRAY['reminder', 'nudge', 'reminder_nudge'])
    ) END AS silent,
    command_id IN (SELECT command_id FROM group_history) AS of_group,
    command_id IN (SELECT command_id FROM asks WHERE kind = 'asked') AS of_request,
    details ->> 'move_request' AS answers,
    CASE kind WHEN 'format_changed' THEN 'rescheduled' ELSE kind END AS kind,
    kind <> 'fulfilled' AND undone <> 'fulfilled' AS by_mail,
    kind IN ('booked', 'rescheduled', 'format_changed', 'restored') AS is_on
  FROM history
),
wanted (change_id, session_id, starts_at, kind, recipient, endpoint_id, send_at) AS (
  -- One mail for each person and command, about one of their sessions. The practitioner of a group
  -- gets one about the group instead.
  SELECT DISTINCT command_id, client_id, NULL::timestamptz,
    CASE WHEN of_request THEN 'move_request' ELSE kind END, 'client', NULL::uuid, told.at
  FROM told JOIN sessions ON sessions.id = session_id
  WHERE by_mail AND ('client' = ANY (silent)) IS NOT TRUE
  UNION ALL
  SELECT DISTINCT command_id, client_id, NULL::timestamptz, 'move_request', 'client', NULL::uuid,
    asks.at
  FROM asks JOIN sessions ON sessions.id = session_id
  WHERE asks.kind <> 'left_cancelled'
  UNION ALL
  SELECT DISTINCT command_id, practitioner_id, NULL::timestamptz, kind, 'practitioner', NULL::uuid,
    told.at
  FROM told JOIN sessions ON sessions.id = session_id
  WHERE by_mail AND NOT of_group AND ('practitioner' = ANY (silent)) IS NOT TRUE
  UNION ALL
  SELECT told.id, session_id, starts_at, 'session.' || kind, 'webhook', hooks.id, at
  FROM told, hooks
  UNION ALL
  SELECT changes.id, session_id, starts_at, 'session.confirmed', 'webhook', hooks.id, at
  FROM changes, hooks WHERE practice_id = $1 AND subject = 'confirmation'
  UNION ALL
  SELECT told.id, session_id, starts_at, 'fee.recorded', 'webhook', hooks.id, at
  FROM told, hooks WHERE fee_minor IS NOT NULL
  UNION ALL
  SELECT told.id, session_id, starts_at, 'move_request.answered', 'webhook', hooks.id, at
  FROM told, hooks WHERE answers IS NOT NULL
  UNION ALL
  SELECT asks.id, session_id, starts_at, 'move_request.answered', 'webhook', hooks.id, at
  FROM asks, hooks WHERE kind = 'left_cancelled'
  UNION ALL
  SELECT changes.id, session_id, starts_at, 'fee.collectable', 'webhook', hooks.id, at
  FROM changes, hooks WHERE practice_id = $1 AND kind = 'fee_collectable'
  UNION ALL
  SELECT DISTINCT told.id, session_id, told.starts_at, 'reminder', 'client', NULL::uuid,
    told.starts_at - make_interval(mins => minutes)
  FROM told JOIN sessions ON sessions.id = session_id
  JOIN services ON services.practice_id = $1 AND services.id = service_id,
    unnest(reminder_minutes) AS minutes
  WHERE is_on AND told.starts_at - make_interval(mins => minutes) > at
),
mails AS (
  SELECT notifications.*, entry.command_id, client_id, practitioner_id,
    recipient <> 'webhook'
      AND notifications.kind <> ALL (ARRAY['reminder', 'nudge', 'reminder_nudge']) AS is_news,
    CASE recipient WHEN 'client' THEN client_id ELSE practitioner_id END AS person_id,
    nullif(notifications.starts_at, entry.starts_at) AS other_start, entry.at AS queued_at,
    sessions.confirmed_at,
    -- The reminder that a mail is which is a nudge too: the nearest one.
    (SELECT notifications.starts_at - make_interval(mins => minutes)
     FROM services, unnest(reminder_minutes) AS minutes
     WHERE services.practice_id = $1 AND services.id = service_id
     ORDER BY abs(extract(epoch FROM notifications.starts_at - make_interval(mins => minutes)
       - notifications.send_at)) LIMIT 1) AS reminds_at,
    (notifications.send_at AT TIME ZONE clients.time_zone)::time AS local_time
  FROM notifications JOIN changes AS entry ON entry.practice_id = $1 AND entry.id = change_id
  JOIN sessions ON sessions.id = notifications.session_id
  JOIN clients ON clients.practice_id = $1 AND clients.id = client_id
  WHERE notifications.practice_id = $1
),
there AS (
  SELECT CASE WHEN is_news THEN command_id ELSE change_id END AS change_id,
    CASE WHEN is_news THEN person_id ELSE session_id END AS session_id,
    CASE WHEN is_news THEN other_start ELSE starts_at END AS starts_at,
    CASE kind WHEN 'reminder_nudge' THEN 'reminder' ELSE kind END AS kind, recipient, endpoint_id,
    CASE kind WHEN 'reminder_nudge' THEN reminds_at ELSE send_at END AS send_at
  FROM mails WHERE kind <> 'nudge'
),
group_mails (kind, mail, event) AS (VALUES ('created', 'group_booked', NULL),
  ('moved', 'group_moved', 'group.moved'), ('cancelled', 'group_cancelled', 'group.cancelled')),
groups_wanted AS (
  SELECT group_history.id, mail AS kind, NULL::uuid AS endpoint_id
  FROM group_history JOIN group_mails USING (kind)
  UNION ALL
  SELECT group_history.id, event, hooks.id
  FROM group_history JOIN group_mails USING (kind), hooks WHERE event IS NOT NULL
),
groups_there AS (
  SELECT change_id, notifications.kind, endpoint_id
  FROM notifications JOIN group_history ON group_history.id = change_id
  WHERE notifications.practice_id = $1
),
held AS (
  SELECT id, practitioner_id, starts_at, until, buffer_before_minutes, gap_after
  FROM taken WHERE group_id IS NULL AND until > starts_at
  UNION ALL
  SELECT id, practitioner_id, starts_at, ends_at, buffer_before_minutes, buffer_after_minutes
  FROM groups WHERE practice_id = $1 AND status = 'scheduled'
),
holds AS (
  -- A hold that was ended early has expired at the epoch.
  SELECT * FROM held_times WHERE practice_id = $1 AND expires_at > first_held_at
),
last AS (SELECT max(at) AS at FROM changes WHERE practice_id = $1),
seats AS (
  SELECT sessions.*, groups.status AS group_status, groups.starts_at AS group_start,
    groups.ends_at AS group_end
  FROM sessions JOIN groups ON groups.practice_id = $1 AND groups.id = group_id
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
    "groups, and single sessions beside them, do not overlap": """
    SELECT one.id FROM held AS one JOIN held AS other
      ON (one.starts_at, one.id) < (other.starts_at, other.id)
      AND one.practitioner_id = other.practitioner_id
    WHERE other.starts_at < one.until + make_interval(
      mins => greatest(one.gap_after, other.buffer_before_minutes))""",
    "a group has its time once while it is scheduled": """
    SELECT coalesce(planned.id, stored.id)
    FROM (SELECT * FROM groups WHERE practice_id = $1 AND status = 'scheduled') AS planned
    FULL JOIN (SELECT * FROM taken_times WHERE practice_id = $1 AND group_id IS NOT NULL) AS stored
      ON stored.group_id = planned.id
    WHERE (stored.practitioner_id, stored.span_before, stored.span_after, stored.counts)
      IS DISTINCT FROM (planned.practitioner_id,
        tstzrange(planned.starts_at - make_interval(mins => planned.buffer_before_minutes),
          planned.ends_at),
        tstzrange(planned.starts_at,
          planned.ends_at + make_interval(mins => planned.buffer_after_minutes)), true)""",
    "no more seats are taken than a group has, each number once": """
    SELECT groups.id FROM groups JOIN sessions ON group_id = groups.id AND seat IS NOT NULL
    WHERE groups.practice_id = $1 GROUP BY groups.id, groups.seats
    HAVING count(*) > groups.seats OR count(DISTINCT seat) < count(*) OR max(seat) > groups.seats
      OR min(seat) < 1""",
    "a seat has a number until it is cancelled": """
    SELECT id FROM sessions WHERE (seat IS NOT NULL) <>
      (group_id IS NOT NULL AND status <> 'cancelled')""",
    "a booked seat is at its group's time": """
    SELECT id FROM seats WHERE status = 'booked'
    AND (group_status, starts_at, ends_at)
      IS DISTINCT FROM ('scheduled', group_start, group_end)""",
    "each session has its own position in its series": """
    SELECT series_id FROM sessions WHERE series_id IS NOT NULL
    GROUP BY series_id, series_position HAVING count(*) > 1""",
    "the changes of a command have one actor and one instant": """
    SELECT command_id FROM changes WHERE practice_id = $1 GROUP BY command_id
    HAVING count(DISTINCT (actor, actor_name, key_id, at)) > 1""",
    "no person gets two mails of one command": """
    SELECT command_id FROM mails WHERE is_news
    GROUP BY command_id, recipient, person_id HAVING count(*) > 1""",
    "a group's change has its mail and its events": """
    (SELECT * FROM groups_wanted EXCEPT ALL SELECT * FROM groups_there) UNION ALL
    (SELECT * FROM groups_there EXCEPT ALL SELECT * FROM groups_wanted)""",
    "a request is answered by a move or a cancellation of the client, and told of it": """
    SELECT coalesce(asked.session_id, answer.session_id)
    FROM (SELECT * FROM asked WHERE state IN ('moved', 'cancelled')) AS asked
    FULL JOIN (
      SELECT session_id, details, kind, at, actor, taken_back FROM history
      WHERE details ? 'move_request'
      UNION ALL
      SELECT session_id, details, 'cancelled', at, actor, NULL FROM asks
      WHERE kind = 'left_cancelled') AS answer
      ON answer.session_id = asked.session_id
      AND answer.details ->> 'move_request' = move_request_id::text
    WHERE (state, answered_at, actor) IS DISTINCT FROM (
      CASE kind WHEN 'cancelled' THEN 'cancelled' ELSE 'moved' END, at, 'client')
      AND taken_back IS NOT TRUE""",
    "a session that its client is still asked to move is as the request left it": """
    SELECT session_id FROM asked JOIN sessions ON sessions.id = session_id
    WHERE state = 'asked' AND ((meanwhile = 'cancel') <> (status = 'cancelled')
      OR EXISTS (SELECT FROM history WHERE history.session_id = asked.session_id
        AND history.session_version > asked.session_version
        AND (kind <> 'rescheduled' OR starts_at <> old_starts_at)
        AND kind <> 'format_changed' AND taken_back IS NOT TRUE
        AND NOT (kind = 'restored' AND actor = 'client')))""",
    "a request is withdrawn by the practice, or where it changes the session itself": """
    SELECT session_id FROM asked WHERE state = 'withdrawn'
    AND withdrawn_at IS DISTINCT FROM answered_at
    AND NOT EXISTS (SELECT FROM history WHERE history.session_id = asked.session_id
      AND at = answered_at AND actor <> 'client')""",
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
      kind IN ('rescheduled', 'format_changed', 'cancelled')
      OR undone IN ('cancelled', 'rescheduled', 'format_changed')
      OR (kind = 'restored' AND old_starts_at <> starts_at))::int""",
    "a change begins where the last one ended": """
    SELECT session_id FROM history
    WHERE (old_starts_at, old_ends_at, old_format, old_location_id)
      IS DISTINCT FROM (was_at, was_until, was_format, was_where)""",
    "a session is as its last change says": """
    SELECT sessions.id FROM sessions LEFT JOIN history ON session_id = sessions.id AND is_last
    WHERE (sessions.starts_at, sessions.ends_at, sessions.format, sessions.location_id,
        sessions.calendar_sequence, sessions.status)
      IS DISTINCT FROM (history.starts_at, history.ends_at, history.format, history.location_id,
        history.calendar_sequence,
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
    "a use of an allowance is there exactly where a change recorded it": """
    SELECT coalesce(history.id, uses.id)
    FROM (SELECT * FROM allowance_uses WHERE practice_id = $1) AS uses
    FULL JOIN (SELECT * FROM history WHERE details ? 'allowance') AS history
      ON history.id = uses.id
    WHERE (uses.session_id, used_at) IS DISTINCT FROM (history.session_id, history.at)""",
    "a use of an allowance is given back exactly where its cause was undone": """
    SELECT uses.id FROM allowance_uses AS uses JOIN history ON history.id = uses.id
    WHERE uses.practice_id = $1
      AND (given_back_at IS NOT NULL) IS DISTINCT FROM (coalesce(next_kind, '') = 'restored')""",
    "no client has used more of an allowance than there is": """
    SELECT client_id FROM allowance_uses AS uses WHERE practice_id = $1 AND given_back_at IS NULL
    GROUP BY client_id HAVING count(*) > (
      SELECT max((rules #>> '{allowance,free}')::int) FROM policy_versions
      WHERE policy_versions.practice_id = $1)""",
    "no change lacks a notification": """
    SELECT change_id
    FROM (SELECT * FROM wanted EXCEPT ALL SELECT * FROM there) AS missing""",
    "no change has a notification too many": """
    SELECT change_id
    FROM (SELECT * FROM there EXCEPT ALL SELECT * FROM wanted) AS needless""",
    "reminders live exactly as long as their time": """
    SELECT notifications.id FROM notifications JOIN history ON history.id = change_id
    JOIN sessions ON sessions.id = notifications.session_id
    WHERE notifications.practice_id = $1
      AND notifications.kind IN ('reminder', 'reminder_nudge')
      AND (notifications.status = 'dropped') = (sessions.status = 'booked' AND is_last)""",
    "a nudge lives as long as its time, and until its client confirms": """
    SELECT mails.id FROM mails JOIN history ON history.id = change_id
    JOIN sessions ON sessions.id = mails.session_id
    WHERE mails.kind = 'nudge' AND (mails.status = 'dropped') =
      (sessions.status = 'booked' AND is_last AND mails.confirmed_at IS NULL)""",
    "a nudge comes before the start, long after the change, and never at night": """
    SELECT id FROM mails WHERE kind IN ('nudge', 'reminder_nudge')
    AND (send_at >= starts_at OR kind = 'nudge' AND (send_at - queued_at < interval '12 hours'
      OR local_time < time '8:00' OR local_time >= time '21:00'))""",
    "a change has one nudge at most, and it is the nearest reminder's if that is close": """
    SELECT change_id FROM mails WHERE kind IN ('nudge', 'reminder_nudge')
    GROUP BY change_id HAVING count(*) > 1
    UNION ALL
    SELECT nudge.id FROM mails AS nudge JOIN mails AS other ON other.change_id = nudge.change_id
    WHERE nudge.kind = 'nudge' AND other.kind = 'reminder'
      AND abs(extract(epoch FROM other.send_at - nudge.send_at)) <= 6 * 3600
    UNION ALL
    SELECT id FROM mails WHERE kind = 'reminder_nudge'
      AND (send_at > reminds_at OR reminds_at - send_at > interval '6 hours')""",
    "who is coming has a booked or finished session and has not said otherwise": """
    SELECT id FROM sessions WHERE confirmed_at IS NOT NULL
    AND (status = 'cancelled' OR absence_change_id IS NOT NULL
      OR NOT EXISTS (SELECT FROM changes WHERE practice_id = $1 AND subject = 'confirmation'
        AND session_id = sessions.id AND at = confirmed_at
        AND changes.starts_at = sessions.starts_at))""",
    "a notification that waits has a wake": """
    SELECT id FROM notifications
    WHERE practice_id = $1 AND status = 'pending' AND NOT EXISTS (
      SELECT FROM pgqueuer
      WHERE dedupe_key =
        notifications.id::text || '/' || (extract(epoch FROM attempt_at) * 1e6)::bigint
      AND status IN ('queued', 'picked'))""",
}

INVARIANTS = {name: f"{_FACTS} {breach}" for name, breach in (_BREACHES | WAITING).items()}
