-- One practice for the benches: 25 practitioners, 50 clients, 1,000 upcoming sessions and, for each
-- practitioner, `past` sessions that have ended. Ids are computed from names, so that the benches
-- know them.

CREATE OR REPLACE FUNCTION bench_id(VARIADIC parts text[]) RETURNS uuid
LANGUAGE sql IMMUTABLE AS $$ SELECT md5(array_to_string(parts, '/'))::uuid $$;

CREATE OR REPLACE FUNCTION bench_sessions(
  practice uuid, who int, since date, until date, per_day int, most int, state text
) RETURNS TABLE (n int, starts_at timestamptz) LANGUAGE sql AS $$
  -- Starts on weekdays, at 10:00, 14:00 and so on in New York: the last or the next `most` of them.
  SELECT (row_number() OVER ())::int - 1, at FROM (
    SELECT (day + make_interval(hours => 10 + 4 * slot)) AT TIME ZONE 'America/New_York' AS at
      FROM generate_series(since::timestamp, until::timestamp, '1 day') AS day,
           generate_series(0, per_day - 1) AS slot
     WHERE extract(isodow FROM day) < 6
     ORDER BY abs(extract(epoch FROM day) - extract(epoch FROM
           CASE WHEN state = 'booked' THEN since ELSE until END::timestamp)), slot
     LIMIT most
  ) AS days
$$;

CREATE OR REPLACE FUNCTION bench_practice(number int, past int, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  practice uuid := bench_id('practice', number::text);
  service uuid := bench_id('service', number::text);
  place uuid := bench_id('place', number::text);
  policy uuid := bench_id('policy', number::text);
BEGIN
  INSERT INTO practices (practice_id, name, currency, email)
  VALUES (practice, 'Practice ' || number, 'USD', 'hello@practice.example');
  INSERT INTO locations (practice_id, id, name, address)
  VALUES (practice, place, 'Harbor Street', '1 Harbor Street');
  INSERT INTO practitioners (practice_id, id, name, email, phone, time_zone, video_url)
  SELECT practice, bench_id('practitioner', number::text, who::text), 'Dr. ' || who,
         'dr' || who || '@practice.example', '+1 212 555 0100', 'America/New_York',
         'https://video.example/' || who
    FROM generate_series(0, 24) AS who;
  INSERT INTO working_hours (practice_id, id, practitioner_id, weekday, start_minute, end_minute)
  SELECT practice, gen_random_uuid(), bench_id('practitioner', number::text, who::text), day,
         540, 1020
    FROM generate_series(0, 24) AS who, generate_series(1, 5) AS day;
  INSERT INTO services (practice_id, id, name, duration_minutes, buffer_before_minutes,
                        buffer_after_minutes, price_minor, step_minutes, minimum_notice_minutes,
                        horizon_days, reminder_minutes)
  VALUES (practice, service, 'Follow-up', 50, 0, 10, 12000, 30, 60, 90, '{1440}');
  INSERT INTO service_formats (practice_id, id, service_id, format, location_id, instructions)
  VALUES (practice, gen_random_uuid(), service, 'in_person', place, NULL),
         (practice, gen_random_uuid(), service, 'video', NULL, NULL),
         (practice, gen_random_uuid(), service, 'phone', NULL, 'We call you.');
  INSERT INTO policy_versions (practice_id, id, number, text, rules, created_at)
  VALUES (practice, policy, 1, 'Please tell us a day ahead.',
          '{"cancel": {"closes": {"before_minutes": 120},
            "fees": [{"deadline": {"before_minutes": 1440}, "percent": "50"}]},
            "reschedule": {"closes": {"days_before": 1, "at": "17:00"}}}', now());
  -- 50 clients with upcoming sessions, and as many others as the past sessions need.
  INSERT INTO clients (practice_id, id, name, email, time_zone, locale, token_generation,
                       address_generation)
  SELECT practice, bench_id('client', number::text, who::text), 'Client ' || who,
         'client' || who || '@client.example', 'America/New_York', 'en-US', 0, 0
    FROM generate_series(0, 49 + 25 * ((past + 19) / 20)) AS who;

  CREATE TEMPORARY TABLE made ON COMMIT DROP AS
  SELECT bench_id('session', number::text, who::text, n::text) AS id,
         bench_id('practitioner', number::text, who::text) AS practitioner_id,
         -- Each practitioner has two clients with 20 sessions each, so no client has two at one time.
         bench_id('client', number::text, (2 * who + n % 2)::text) AS client_id,
         'booked' AS status, starts_at
    FROM generate_series(0, 24) AS who,
         bench_sessions(practice, who, today + 3, today + 60, 2, 40, 'booked')
  UNION ALL
  SELECT bench_id('past', number::text, who::text, n::text),
         bench_id('practitioner', number::text, who::text),
         bench_id('client', number::text, (50 + who * ((past + 19) / 20) + n / 20)::text),
         'fulfilled', starts_at
    FROM generate_series(0, 24) AS who,
         bench_sessions(practice, who, today - past, today - 1, 2, past, 'fulfilled');

  INSERT INTO sessions (practice_id, id, client_id, practitioner_id, service_id, policy_version_id,
                        policy_time_zone, status, version, calendar_sequence, starts_at, ends_at,
                        buffer_before_minutes, buffer_after_minutes, taken_until, format, join_url,
                        price_minor, currency, booked_starts_at, client_moves, link_generation)
  SELECT practice, id, client_id, practitioner_id, service, policy, 'America/New_York', status, 1,
         0, starts_at, starts_at + interval '50 minutes', 0, 10,
         starts_at + interval '50 minutes',
         'video', 'https://video.example/1', 12000, 'USD', starts_at, 0, 0
    FROM made;
  INSERT INTO taken_times (practice_id, id, session_id, practitioner_id, starts_at, ends_at,
                           buffer_before_minutes, buffer_after_minutes, counts, span_before,
                           span_after)
  SELECT practice, id, id, practitioner_id, starts_at, starts_at + interval '50 minutes', 0, 10,
         true, tstzrange(starts_at, starts_at + interval '50 minutes'),
         tstzrange(starts_at, starts_at + interval '60 minutes')
    FROM made;
  INSERT INTO changes (practice_id, id, command_id, subject, subject_id, kind, actor, at,
                       session_id, session_version, calendar_sequence, starts_at, ends_at, format, currency)
  SELECT practice, bench_id('change', id::text), bench_id('change', id::text), 'session', id,
         'booked', 'operator', starts_at - interval '60 days', id, 1, 0, starts_at, starts_at + interval '50 minutes',
         'video', 'USD'
    FROM made;
  INSERT INTO notifications (practice_id, id, session_id, change_id, kind, recipient, channel, starts_at, send_at,
                       attempt_at, put_off, status, attempts, finished_at)
  SELECT practice, gen_random_uuid(), id, bench_id('change', id::text), 'booked', recipient, 'mail',
         starts_at, starts_at - interval '60 days', starts_at - interval '60 days', 0, 'sent', 1,
         starts_at - interval '60 days'
    FROM made, unnest(ARRAY['client', 'practitioner']) AS recipient;
  INSERT INTO notifications (practice_id, id, session_id, change_id, kind, recipient, channel, starts_at, send_at,
                       attempt_at, put_off, status, attempts)
  SELECT practice, gen_random_uuid(), id, bench_id('change', id::text), 'reminder', 'client', 'mail',
         starts_at, starts_at - interval '1 day', starts_at - interval '1 day', 0, 'pending', 0
    FROM made WHERE status = 'booked';
END $$;

-- Copies of one session, an hour from one to the next: nine of ten until 2,000 days ago, before all
-- other sessions, and the rest from 1,000 days ahead on.
CREATE OR REPLACE FUNCTION bench_crowd(of_session uuid, many int, today date) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  CREATE TEMPORARY TABLE copied ON COMMIT DROP AS
  SELECT own.*, gen_random_uuid() AS copy_id, at
    FROM sessions AS own,
         (SELECT today::timestamptz + CASE WHEN n <= many * 9 / 10
                   THEN -interval '2000 days' - n * interval '1 hour'
                   ELSE interval '1000 days' + (n - many * 9 / 10) * interval '1 hour' END AS at
            FROM generate_series(1, many) AS n) AS starts
   WHERE own.id = of_session;
  INSERT INTO sessions (practice_id, id, client_id, practitioner_id, service_id, policy_version_id,
                        policy_time_zone, status, version, calendar_sequence, starts_at, ends_at,
                        buffer_before_minutes, buffer_after_minutes, taken_until, format, join_url,
                        price_minor, currency, booked_starts_at, client_moves, link_generation)
  SELECT practice_id, copy_id, client_id, practitioner_id, service_id, policy_version_id,
         policy_time_zone, CASE WHEN at < today THEN 'fulfilled' ELSE 'booked' END, 1, 0, at,
         at + interval '50 minutes', 0, 10, at + interval '50 minutes', format, join_url,
         price_minor, currency, at, 0, 0
    FROM copied;
  INSERT INTO taken_times (practice_id, id, session_id, practitioner_id, starts_at, ends_at,
                           buffer_before_minutes, buffer_after_minutes, counts, span_before,
                           span_after)
  SELECT practice_id, copy_id, copy_id, practitioner_id, at, at + interval '50 minutes', 0, 10,
         true, tstzrange(at, at + interval '50 minutes'), tstzrange(at, at + interval '60 minutes')
    FROM copied;
END $$;
