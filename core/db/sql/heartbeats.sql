-- name: receive_pings
-- Pings that arrived together: find their heartbeats, ask the buckets, store what is admitted. Answers with the
-- ordinal of each ping of a known token; a token that is missing from the answer is unknown.
-- $9 is the time that one ping adds to its bucket, $10 how many pings an empty bucket holds.
WITH arrived AS MATERIALIZED (
    SELECT u.*, h.monitor_id, h.workspace_id,
           row_number() OVER (PARTITION BY h.monitor_id, u.is_failure ORDER BY u.arrived_at, u.ordinal) AS place
    FROM unnest(
             $1::bytea[], $2::timestamptz[], $3::uuid[], $4::text[], $5::boolean[], $6::text[], $7::smallint[],
             $8::text[]
         ) WITH ORDINALITY
         AS u(token_sha256, arrived_at, id, kind, is_failure, message, exit_code, run_id, ordinal)
    -- LIMIT keeps this an index lookup for each ping, whatever the planner thinks of the number of pings.
    CROSS JOIN LATERAL (
        SELECT monitor_id, workspace_id FROM heartbeats WHERE token_sha256 = u.token_sha256 LIMIT 1
    ) AS h
),
buckets AS (
    INSERT INTO ping_buckets AS b (monitor_id, is_failure, workspace_id, drained_before, drained_at)
    SELECT monitor_id, is_failure, workspace_id, max(arrived_at),
           max(arrived_at) + least(count(*), $10::integer) * $9::interval
    FROM arrived
    GROUP BY monitor_id, is_failure, workspace_id
    ORDER BY monitor_id, is_failure  -- two statements lock the buckets in one order
    ON CONFLICT (monitor_id, is_failure) DO UPDATE SET
        drained_before = greatest(b.drained_at, excluded.drained_before),
        drained_at = greatest(b.drained_at, excluded.drained_before) + $9::interval * least(
            extract(epoch FROM excluded.drained_at - excluded.drained_before) / extract(epoch FROM $9::interval),
            greatest(0, floor(
                $10::integer
                - extract(epoch FROM greatest(b.drained_at - excluded.drained_before, interval '0'))
                / extract(epoch FROM $9::interval)
            ))
        )::float8
    RETURNING monitor_id, is_failure, drained_at,
              round(extract(epoch FROM drained_at - drained_before) / extract(epoch FROM $9::interval)) AS admitted
),
stored AS (
    INSERT INTO pings (monitor_id, arrived_at, id, workspace_id, kind, message, exit_code, run_id)
    SELECT a.monitor_id, a.arrived_at, a.id, a.workspace_id, a.kind, a.message, a.exit_code, a.run_id
    FROM arrived AS a JOIN buckets AS b USING (monitor_id, is_failure)
    WHERE a.place <= b.admitted
    ORDER BY a.monitor_id, a.arrived_at, a.id
    ON CONFLICT DO NOTHING  -- sent again because the answer to the commit was lost
)
SELECT a.ordinal, a.place <= b.admitted AS is_admitted, b.drained_at, a.workspace_id
FROM arrived AS a JOIN buckets AS b USING (monitor_id, is_failure)

-- name: create_heartbeat
-- The heartbeat of a new monitor. $1 monitor, $2 workspace, $3 token, $4 its digest.
INSERT INTO heartbeats (monitor_id, workspace_id, token, token_sha256) VALUES ($1, $2, $3, $4)

-- name: rotate_heartbeat
-- Another token for a heartbeat. $1 workspace, $2 monitor, $3 token, $4 its digest.
UPDATE heartbeats SET token = $3, token_sha256 = $4
WHERE workspace_id = $1 AND monitor_id = $2
RETURNING monitor_id

-- name: suspend_heartbeat
-- Nothing is expected of a paused monitor. $1 workspace, $2 monitor.
UPDATE heartbeats SET expected_by = NULL, deadline_at = NULL, missed_at = NULL
WHERE workspace_id = $1 AND monitor_id = $2

-- name: resume_heartbeat
-- What is expected from now on, of a heartbeat that was pinged before. $1 workspace, $2 monitor, $3 expected by,
-- $4 deadline, $5 grace.
UPDATE heartbeats SET expected_by = $3, deadline_at = $4, grace_seconds = $5, missed_at = NULL
WHERE workspace_id = $1 AND monitor_id = $2 AND last_ping_at IS NOT NULL

-- name: end_heartbeat
-- A deleted monitor's address is unknown. $1 workspace, $2 monitor.
DELETE FROM heartbeats WHERE workspace_id = $1 AND monitor_id = $2

-- name: keep_doors_open
-- Some process is able to take pings. Returns nothing if none was for too long. $1 now, $2 the oldest word that
-- is not too old.
UPDATE ping_doors SET open_until = greatest(open_until, $1)
WHERE id = 1 AND open_until >= $2
RETURNING id

-- name: build_doors
-- The one row, closed since $1.
INSERT INTO ping_doors (id, open_until) VALUES (1, $1) ON CONFLICT DO NOTHING

-- name: lock_doors
-- Of several processes that open at once, one extends the deadlines.
SELECT open_until FROM ping_doors WHERE id = 1 FOR UPDATE

-- name: extend_deadlines
-- After a time without an open door, every deadline that was not missed before it is the later of itself and
-- the reopening and its grace. $1 now, $2 the deadlines up to which were missed for certain.
WITH due AS (
    SELECT monitor_id, $1::timestamptz + make_interval(secs => grace_seconds) AS extended_to
    FROM heartbeats
    WHERE deadline_at > $2 AND deadline_at < $1::timestamptz + make_interval(secs => grace_seconds)
    ORDER BY monitor_id
    FOR UPDATE
)
UPDATE heartbeats AS h SET deadline_at = due.extended_to FROM due WHERE h.monitor_id = due.monitor_id

-- name: doors_open_until
-- Up to when all that came in is known.
SELECT open_until FROM ping_doors WHERE id = 1

-- name: waiting_monitors
-- Whose pings are not applied yet. $1 the monitor after which to begin, $2 how many.
SELECT DISTINCT monitor_id FROM pings
WHERE NOT is_applied AND monitor_id > $1
ORDER BY monitor_id
LIMIT $2

-- name: lock_heartbeats
-- Takes the heartbeats that nobody else works on. What they say is read by later statements only.
SELECT monitor_id FROM heartbeats
WHERE monitor_id = ANY($1::uuid[])
ORDER BY monitor_id
FOR UPDATE SKIP LOCKED

-- name: overdue_heartbeats
-- Heartbeats past their deadline whose inbox is empty: a ping that waits there is judged in its order.
-- $1 the latest deadline that counts, $2 the kinds that are loaded, $3 how many.
SELECT h.monitor_id FROM heartbeats AS h
JOIN monitors AS m ON m.id = h.monitor_id AND m.workspace_id = h.workspace_id
WHERE h.deadline_at <= $1 AND m.kind = ANY($2::text[])
    AND NOT EXISTS (SELECT FROM pings AS p WHERE p.monitor_id = h.monitor_id AND NOT p.is_applied)
ORDER BY h.deadline_at
LIMIT $3

-- name: read_heartbeats
-- The locked heartbeats, with what it takes to judge their pings.
SELECT h.monitor_id, h.workspace_id, h.last_ping_at, h.run_started_at, h.expected_by, h.deadline_at,
    h.grace_seconds, h.missed_at, m.kind, m.config, m.config_revision, m.paused_at IS NOT NULL AS is_paused,
    EXISTS (SELECT FROM pings AS p WHERE p.monitor_id = h.monitor_id AND NOT p.is_applied) AS is_pinged, f.facts
FROM heartbeats AS h
JOIN monitors AS m ON m.id = h.monitor_id AND m.workspace_id = h.workspace_id AND m.deleted_at IS NULL
LEFT JOIN probe_facts AS f ON f.monitor_id = h.monitor_id AND f.workspace_id = h.workspace_id AND f.region_id = 0
WHERE h.monitor_id = ANY($1::uuid[])
ORDER BY h.monitor_id

-- name: read_inbox
-- The pings to apply, in order for each monitor. A run is looked for up to a day back. $1 monitors, $2 how many.
SELECT p.monitor_id, p.arrived_at, p.id, p.kind, p.message, p.exit_code, p.run_id,
    begun.arrived_at AS run_began_at
FROM pings AS p
LEFT JOIN LATERAL (
    SELECT s.arrived_at FROM pings AS s
    WHERE p.run_id IS NOT NULL AND p.kind IN ('SUCCESS', 'FAIL')
        AND s.monitor_id = p.monitor_id AND s.workspace_id = p.workspace_id
        AND s.run_id = p.run_id AND s.kind = 'START'
        AND s.arrived_at BETWEEN p.arrived_at - interval '1 day' AND p.arrived_at
    ORDER BY s.arrived_at DESC
    LIMIT 1
) AS begun ON true
WHERE p.monitor_id = ANY($1::uuid[]) AND NOT p.is_applied
ORDER BY p.monitor_id, p.arrived_at, p.id
LIMIT $2

-- name: mark_applied
-- The pings are out of the inbox and stay as history.
UPDATE pings AS p SET is_applied = true, duration_ms = u.duration_ms
FROM unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::float8[])
    AS u (monitor_id, arrived_at, id, duration_ms)
WHERE p.monitor_id = u.monitor_id AND p.arrived_at = u.arrived_at AND p.id = u.id

-- name: store_heartbeats
-- Where the locked heartbeats stand now.
UPDATE heartbeats AS h
SET last_ping_at = u.last_ping_at, run_started_at = u.run_started_at, expected_by = u.expected_by,
    deadline_at = u.deadline_at, grace_seconds = u.grace_seconds, missed_at = u.missed_at
FROM unnest(
    $1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[], $6::integer[],
    $7::timestamptz[]
) AS u (monitor_id, last_ping_at, run_started_at, expected_by, deadline_at, grace_seconds, missed_at)
WHERE h.monitor_id = u.monitor_id

-- name: drop_orphaned_pings
-- Pings of monitors that were deleted while they came in are nobody's to apply. $1 monitors.
UPDATE pings AS p SET is_applied = true
WHERE p.monitor_id = ANY($1::uuid[]) AND NOT p.is_applied
    AND NOT EXISTS (SELECT FROM heartbeats AS h WHERE h.monitor_id = p.monitor_id)

-- name: lock_unjudged
-- One says so at a time, and sees in later statements what was said before. $1 key.
SELECT pg_try_advisory_xact_lock($1)

-- name: unjudged_monitors
-- Passive monitors whose kind is not loaded, and which do not say so yet. $1 the kinds that are loaded, $2 how many.
SELECT m.id, m.config_revision, m.kind FROM monitors AS m
JOIN monitor_states AS s ON s.monitor_id = m.id AND s.workspace_id = m.workspace_id
WHERE m.is_passive AND m.kind <> ALL($1::text[]) AND m.paused_at IS NULL AND m.deleted_at IS NULL
    AND s.status <> 4
ORDER BY m.id
LIMIT $2
