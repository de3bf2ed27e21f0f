"""Invariants of held times, undo, announced fees, wishes and offers (see invariants.py)."""

WAITING = {
    "a time is held for one session or offer at once": """
    SELECT one.id FROM holds AS one JOIN holds AS other ON one.id < other.id
      AND one.practitioner_id = other.practitioner_id
    WHERE num_nonnulls(one.group_id, other.group_id) = 0
      AND one.first_held_at < other.expires_at AND other.first_held_at < one.expires_at
      AND one.starts_at < other.ends_at + make_interval(
        mins => greatest(other.buffer_after_minutes, one.buffer_before_minutes))
      AND other.starts_at < one.ends_at + make_interval(
        mins => greatest(one.buffer_after_minutes, other.buffer_before_minutes))""",
    "a held time is free of others' sessions": """
    SELECT holds.id FROM last, holds JOIN held ON held.practitioner_id = holds.practitioner_id
      AND held.id IS DISTINCT FROM holds.session_id
    LEFT JOIN offers ON offers.practice_id = $1 AND offers.id = offer_id
    WHERE holds.group_id IS NULL AND holds.expires_at > last.at
      AND held.id IS DISTINCT FROM offers.session_id
      AND held.starts_at < holds.ends_at + make_interval(
        mins => greatest(holds.buffer_after_minutes, held.buffer_before_minutes))
      AND holds.starts_at < held.until + make_interval(
        mins => greatest(held.gap_after, holds.buffer_before_minutes))""",
    "a group has a seat for each one that is taken or held": """
    SELECT groups.id FROM last, groups JOIN holds ON holds.group_id = groups.id
    WHERE groups.practice_id = $1 AND groups.status = 'scheduled' AND holds.expires_at > last.at
      AND holds.starts_at = groups.starts_at
    GROUP BY groups.id, groups.seats
    HAVING count(*) + (SELECT count(*) FROM sessions WHERE sessions.group_id = groups.id
      AND seat IS NOT NULL) > groups.seats""",
    "an offer's time is held until it ends, and no longer": """
    SELECT offers.id FROM offers JOIN holds ON offer_id = offers.id
    WHERE offers.practice_id = $1
      AND (NOT offers.holds OR coalesce(ended_at, 'infinity') < expires_at)""",
    "an accepted offer has moved or booked its session": """
    SELECT coalesce(offers.id, done.subject_id)
    FROM (SELECT * FROM offers WHERE practice_id = $1 AND state = 'accepted') AS offers
    FULL JOIN (
      SELECT answer.subject_id, history.session_id, history.starts_at, history.format, history.kind
      FROM changes AS answer LEFT JOIN history USING (command_id)
      WHERE answer.practice_id = $1 AND answer.subject = 'offer' AND answer.kind = 'accepted'
    ) AS done ON done.subject_id = offers.id
    WHERE (booked_session_id, offers.starts_at, offers.format,
        CASE WHEN offers.session_id IS NULL THEN 'booked' ELSE 'rescheduled' END)
      IS DISTINCT FROM (done.session_id, done.starts_at, done.format, done.kind)""",
    "only an accepted offer moves a session": """
    SELECT history.session_id FROM history LEFT JOIN offers
      ON offers.practice_id = $1 AND offers.id::text = details ->> 'offer'
    WHERE details ? 'offer' AND offers.state IS DISTINCT FROM 'accepted'""",
    "a released time is its session's, and released once": """
    SELECT sessions.id FROM sessions WHERE release_until IS NOT NULL AND (
      status <> 'booked' OR release_until >= starts_at OR 1 <> (
        SELECT count(*) FROM freed_times WHERE freed_times.practice_id = $1
          AND session_id = sessions.id AND released AND freed_times.ended_at IS NULL
          AND freed_times.starts_at = sessions.starts_at
          AND freed_times.group_id IS NOT DISTINCT FROM sessions.group_id))""",
    "a session is given up exactly when somebody takes its time, free of charge": """
    SELECT coalesce(taken.session_id, given_up.session_id)
    FROM (SELECT freed_times.id, freed_times.session_id, offers.ended_at AS taken_at
      FROM offers JOIN freed_times ON freed_times.practice_id = $1
        AND freed_times.id = freed_time_id
      WHERE offers.practice_id = $1 AND released AND state = 'accepted') AS taken
    FULL JOIN (SELECT * FROM history WHERE details ? 'release') AS given_up
      ON given_up.details ->> 'release' = taken.id::text
    WHERE (given_up.session_id, kind, actor, at, fee_minor)
      IS DISTINCT FROM (taken.session_id, 'cancelled', 'client', taken_at, NULL)
      OR credit = 'forfeited'""",
    "one client at a time is asked in turn": """
    SELECT freed_time_id FROM offers WHERE practice_id = $1 AND state = 'open' AND holds
    GROUP BY freed_time_id HAVING count(*) > 1""",
    "a wish has an open offer exactly while it is offered": """
    SELECT wishes.id FROM wishes
    LEFT JOIN offers ON offers.practice_id = $1 AND wish_id = wishes.id AND offers.state = 'open'
    WHERE wishes.practice_id = $1 GROUP BY wishes.id, wishes.state
    HAVING count(offers.id) <> (wishes.state = 'offered')::int""",
    "a session has one wish that has not ended": """
    SELECT session_id FROM wishes WHERE practice_id = $1 AND ended_at IS NULL
      AND session_id IS NOT NULL
    GROUP BY session_id HAVING count(*) > 1""",
    "an offer is told of as often as it changes": """
    SELECT id FROM (
      SELECT changes.id, 'offer' AS kind, NULL::uuid AS endpoint_id FROM changes
      WHERE practice_id = $1 AND subject = 'offer' AND kind = 'made'
      UNION ALL
      SELECT changes.id, 'offer.' || kind, hooks.id FROM changes, hooks
      WHERE practice_id = $1 AND subject = 'offer'
        AND kind IN ('made', 'accepted', 'declined', 'expired')
    ) AS due LEFT JOIN (
      SELECT change_id, kind, endpoint_id FROM notifications WHERE practice_id = $1
    ) AS told ON change_id = id AND told.kind = due.kind
      AND told.endpoint_id IS NOT DISTINCT FROM due.endpoint_id
    GROUP BY id, due.kind, due.endpoint_id HAVING count(change_id) <> 1""",
    "a fee is announced once, before its end": """
    SELECT coalesce(fees.id, announced.subject_id)
    FROM (SELECT * FROM fees WHERE practice_id = $1 AND announced_at IS NOT NULL) AS fees
    FULL JOIN (
      SELECT subject_id, count(*) AS times, min(at) AS at FROM changes
      WHERE practice_id = $1 AND kind = 'fee_collectable' GROUP BY subject_id
    ) AS announced ON subject_id = fees.id
    WHERE (times, announced.at) IS DISTINCT FROM (1::bigint, announced_at)
      OR announced_at > closed_at OR announced_at <= collect_after""",
    "only a client's own last change can be taken back": """
    SELECT sessions.id FROM sessions LEFT JOIN history ON session_id = sessions.id AND is_last
    WHERE undo_until IS NOT NULL
      AND (actor, kind IN ('cancelled', 'rescheduled', 'format_changed'),
        coalesce(details ? 'offer', false)) IS DISTINCT FROM ('client', true, false)""",
    "a change that was taken back leaves no fee": """
    SELECT fees.id FROM fees JOIN history ON history.id = change_id
    WHERE fees.practice_id = $1 AND taken_back AND fees.status NOT IN ('void', 'waived')""",
}
