-- name: lock_states
-- Makes the judgements of a monitor wait for each other. What is judged is read by later statements only:
-- this one's snapshot may be older than the lock.
SELECT monitor_id, status, since_ms, dismissed
FROM monitor_states
WHERE monitor_id = ANY($1::uuid[])
ORDER BY monitor_id
FOR UPDATE

-- name: read_monitors
-- The monitors to judge, with their open intervals; deleted ones are left out. Never must more regions agree
-- than take part.
SELECT m.id, m.workspace_id, m.project_id, m.name, m.kind, m.target, m.config_revision,
    m.paused_at IS NOT NULL AS is_paused,
    least(
        m.regions_to_agree,
        (SELECT count(*) FROM regions_taking_part AS t WHERE t.monitor_id = m.id)
    )::smallint AS regions_to_agree,
    i.from_ms, before.status AS status_before, before.from_ms AS from_ms_before
FROM monitors AS m
JOIN status_intervals AS i ON i.monitor_id = m.id AND i.workspace_id = m.workspace_id AND i.to_ms IS NULL
LEFT JOIN LATERAL (
    SELECT b.status, b.from_ms, b.is_paused
    FROM status_intervals AS b
    WHERE i.status = 4 AND b.monitor_id = i.monitor_id AND b.workspace_id = i.workspace_id AND b.from_ms < i.from_ms
    ORDER BY b.from_ms DESC
    LIMIT 1
) AS before ON NOT before.is_paused
WHERE m.id = ANY($1::uuid[]) AND m.deleted_at IS NULL

-- name: read_region_states
-- What the regions of the monitors think, of the present configuration only, and whether they take part.
SELECT r.*, t.region_id IS NOT NULL AS takes_part
FROM region_states AS r
JOIN monitors AS m
    ON m.id = r.monitor_id AND m.workspace_id = r.workspace_id AND m.config_revision = r.config_revision
LEFT JOIN regions_taking_part AS t ON t.monitor_id = r.monitor_id AND t.region_id = r.region_id
WHERE r.monitor_id = ANY($1::uuid[]) AND (
    t.region_id IS NOT NULL
    OR EXISTS (SELECT FROM monitor_regions AS p WHERE p.monitor_id = r.monitor_id AND p.region_id = r.region_id))

-- name: read_open_incidents
-- What is open already: one incident for each monitor and kind.
SELECT i.id, i.monitor_id, i.kind, i.started_at, i.severity, i.year, i.number
FROM incidents AS i
JOIN monitors AS m ON m.id = i.monitor_id AND m.workspace_id = i.workspace_id
WHERE i.monitor_id = ANY($1::uuid[]) AND i.status <> 'RESOLVED'

-- name: read_deciding_checks
-- The latest check of each monitor, as the transition tells it.
SELECT DISTINCT ON (r.monitor_id)
    r.monitor_id, c.slot, c.status, c.status_code, c.response_us, c.error, g.key AS region
FROM region_states AS r
JOIN checks AS c
    ON c.monitor_id = r.monitor_id AND c.slot = r.last_slot AND c.region_id = r.region_id
    AND c.workspace_id = r.workspace_id
LEFT JOIN regions AS g ON g.id = r.region_id
WHERE r.monitor_id = ANY($1::uuid[])
ORDER BY r.monitor_id, r.last_slot DESC

-- name: take_back_intervals
-- What never was UNKNOWN. $1 monitors, $2 workspaces.
DELETE FROM status_intervals AS i
USING unnest($1::uuid[], $2::uuid[]) AS u (monitor_id, workspace_id)
WHERE i.monitor_id = u.monitor_id AND i.workspace_id = u.workspace_id AND i.to_ms IS NULL AND i.status = 4

-- name: reopen_intervals
-- After take_back_intervals: what was before goes on. $1 monitors, $2 workspaces, $3 when it began.
UPDATE status_intervals AS i
SET to_ms = NULL
FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS u (monitor_id, workspace_id, from_ms)
WHERE i.monitor_id = u.monitor_id AND i.workspace_id = u.workspace_id AND i.from_ms = u.from_ms

-- name: close_intervals
-- Before open_intervals, and apart from it: the unique index on open intervals is checked at once.
UPDATE status_intervals AS i
SET to_ms = u.at_ms
FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS u (monitor_id, workspace_id, at_ms)
WHERE i.monitor_id = u.monitor_id AND i.workspace_id = u.workspace_id AND i.to_ms IS NULL

-- name: open_intervals
-- After close_intervals.
INSERT INTO status_intervals (monitor_id, workspace_id, from_ms, to_ms, status, is_paused)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::smallint[], $6::boolean[])

-- name: set_statuses
-- What the open intervals say, where lists read it.
UPDATE monitor_states AS s
SET status = u.status, since_ms = u.since_ms
FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::smallint[]) AS u (monitor_id, workspace_id, since_ms, status)
WHERE s.monitor_id = u.monitor_id AND s.workspace_id = u.workspace_id

-- name: set_dismissed
-- Which kinds, resolved by hand, are not to be opened again before their condition was absent once.
UPDATE monitor_states SET dismissed = $3::text[] WHERE monitor_id = $1 AND workspace_id = $2

-- name: resolve_incidents
-- Ends incidents and freezes how many of their checks failed.
UPDATE incidents AS i
SET status = 'RESOLVED', resolved_at = u.resolved_at, resolution = u.resolution,
    (checks_failed, checks_total) = (
        SELECT
            count(*) FILTER (WHERE CASE i.kind
                WHEN 'OUTAGE' THEN c.status = 3
                WHEN 'DEGRADED' THEN c.status IN (2, 3)
                ELSE c.status <> 4 END),
            count(*)
        FROM checks AS c
        WHERE c.monitor_id = i.monitor_id AND c.workspace_id = i.workspace_id
            AND c.slot >= i.started_at AND c.slot < u.resolved_at)
FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[])
    AS u (id, workspace_id, resolved_at, resolution)
WHERE i.id = u.id AND i.workspace_id = u.workspace_id AND i.status <> 'RESOLVED'

-- name: write_events
-- Changes that subscribers may resume from; the sequencer numbers them after the commit.
INSERT INTO events (workspace_id, subject, subject_id, change, at, status, previous_status, project_ids)
SELECT workspace_id, subject, subject_id, change, at, status, previous_status, ARRAY[project_id]
FROM unnest(
    $1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::timestamptz[], $6::smallint[], $7::smallint[], $8::uuid[]
) AS u (workspace_id, subject, subject_id, change, at, status, previous_status, project_id)

-- name: take_numbers
-- The last locks of a transaction: every incident of a workspace's year waits here for the one before it.
INSERT INTO incident_counters AS c (workspace_id, year, last_number)
SELECT * FROM unnest($1::uuid[], $2::smallint[], $3::integer[]) AS u (workspace_id, year, wanted)
ORDER BY u.workspace_id, u.year
ON CONFLICT (workspace_id, year) DO UPDATE SET last_number = c.last_number + excluded.last_number
RETURNING workspace_id, year, last_number

-- name: open_incident
-- Under a number from take_numbers.
INSERT INTO incidents (
    id, workspace_id, project_id, monitor_id, monitor_name, kind, year, number, status, severity,
    started_at, root_cause, root_cause_detail, region_ids)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'OPEN', $9, $10, $11, $12, $13)

-- name: write_incident_event
-- A line of an incident's timeline.
INSERT INTO incident_events (id, workspace_id, incident_id, at, kind, message, actor_id)
VALUES ($1, $2, $3, $4, $5, $6, $7)

-- name: write_transition
-- A row of the alert engine's inbox.
INSERT INTO transitions (id, workspace_id, project_id, monitor_id, incident_id, kind, at, details)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
