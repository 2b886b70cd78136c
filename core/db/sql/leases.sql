-- name: schedule
-- Makes active monitors due at once in each of their regions. $1 workspace, $2 monitors, $3 now.
INSERT INTO leases (region_id, monitor_id, workspace_id, due_at)
SELECT r.region_id, m.id, m.workspace_id, $3
FROM monitors AS m
JOIN monitor_regions AS r ON r.monitor_id = m.id AND r.workspace_id = m.workspace_id
WHERE m.workspace_id = $1 AND m.id = ANY($2::uuid[])
    AND m.deleted_at IS NULL AND m.paused_at IS NULL AND NOT m.is_passive
ORDER BY r.region_id, m.id
ON CONFLICT (region_id, monitor_id) DO UPDATE SET
    due_at = excluded.due_at, slot = NULL, lease_until = NULL, worker_id = NULL

-- name: expect_looks
-- What is due at once is covered as if it were looked at now, but no longer than it is; who is blind stays so until
-- a look. $1 workspace, $2 monitors, $3 now, $4 core/checks/coverage.py's tolerance in seconds.
UPDATE region_states AS s
SET covered_until = least(
    s.covered_until, $3 + make_interval(secs => m.interval_seconds + m.timeout_seconds + $4::integer))
FROM monitors AS m
WHERE m.id = s.monitor_id AND m.workspace_id = s.workspace_id
    AND m.workspace_id = $1 AND m.id = ANY($2::uuid[]) AND m.paused_at IS NULL AND NOT m.is_passive
    AND (s.covered_until > $3 OR s.covered_until IS NULL)
    -- Not of a region that is away while others look: it will not have been blind when it comes back.
    AND (
        EXISTS (SELECT FROM regions_taking_part AS t WHERE t.monitor_id = m.id AND t.region_id = s.region_id)
        OR NOT EXISTS (SELECT FROM regions_taking_part AS t WHERE t.monitor_id = m.id))

-- name: lock_leases
-- Every statement that changes several leases locks them in this order first. $1 workspace, $2 monitors.
SELECT FROM leases
WHERE region_id = ANY(ARRAY(SELECT id FROM regions)) AND monitor_id = ANY($2::uuid[]) AND workspace_id = $1
ORDER BY region_id, monitor_id
FOR UPDATE

-- name: unschedule
-- $1 workspace, $2 monitors.
DELETE FROM leases
WHERE region_id = ANY(ARRAY(SELECT id FROM regions)) AND monitor_id = ANY($2::uuid[]) AND workspace_id = $1

-- name: unschedule_elsewhere
-- Ends what looks at monitors from regions that are no longer theirs. $1 workspace, $2 monitors.
DELETE FROM leases AS l
WHERE l.region_id = ANY(ARRAY(SELECT id FROM regions)) AND l.monitor_id = ANY($2::uuid[]) AND l.workspace_id = $1
    AND NOT EXISTS (
        SELECT FROM monitor_regions AS r WHERE r.monitor_id = l.monitor_id AND r.region_id = l.region_id)

-- name: forget_elsewhere
-- And what these regions thought; region 0 is that of passive kinds. $1 workspace, $2 monitors.
DELETE FROM region_states AS s
WHERE s.workspace_id = $1 AND s.monitor_id = ANY($2::uuid[]) AND s.region_id <> 0 AND NOT EXISTS (
    SELECT FROM monitor_regions AS r WHERE r.monitor_id = s.monitor_id AND r.region_id = s.region_id)

-- name: hasten
-- checkNow: due now, unless it is due already or its check is on its way. $1 workspace, $2 monitors, $3 now.
-- IS NOT TRUE, as a lease that nobody has claimed yet has no lease_until.
UPDATE leases AS l SET due_at = $3
WHERE l.region_id = ANY(ARRAY(SELECT id FROM regions)) AND l.monitor_id = ANY($2::uuid[]) AND l.workspace_id = $1
    AND l.due_at > $3
    AND (l.lease_until > $3 AND NOT EXISTS (
        SELECT FROM region_states AS s
        WHERE s.monitor_id = l.monitor_id AND s.region_id = l.region_id AND s.last_slot >= l.slot)) IS NOT TRUE

-- name: wake_regions
-- Wakes the schedulers of the regions that look at monitors. $1 workspace, $2 monitors, $3 channel.
SELECT pg_notify($3, g.key)
FROM regions AS g
WHERE EXISTS (
    SELECT FROM leases AS l
    WHERE l.region_id = g.id AND l.monitor_id = ANY($2::uuid[]) AND l.workspace_id = $1)

-- name: claim_due
-- Claims what is due up to $2, each slot once over all workers, and says all that a check needs.
-- $1 region, $2 horizon, $3 now, $4 worker, $5 at most, $6 seconds added to the timeout.
-- A monitor's next slot lies on its grid (core/scheduling/slots.py); slots missed before the latest are skipped.
WITH due AS MATERIALIZED (
    SELECT l.monitor_id, l.due_at
    FROM leases AS l
    WHERE l.region_id = $1 AND l.due_at <= $2
    ORDER BY l.due_at
    LIMIT $5
    FOR UPDATE SKIP LOCKED
), grid AS (
    SELECT d.monitor_id, d.due_at, m.interval_seconds * 1000::bigint AS step,
        mod(('x' || right(m.id::text, 8))::bit(32)::bigint, m.interval_seconds * 1000::bigint) AS phase,
        floor(extract(epoch FROM $3::timestamptz) * 1000)::bigint AS now_ms
    FROM due AS d
    JOIN monitors AS m ON m.id = d.monitor_id
), claimed AS (
    SELECT g.monitor_id, g.step, g.phase, greatest(
        g.due_at,
        timestamptz 'epoch' + (g.now_ms - mod(g.now_ms - g.phase, g.step)) * interval '1 millisecond') AS slot
    FROM grid AS g
), following AS (
    SELECT c.monitor_id, c.slot, c.step, floor(extract(epoch FROM c.slot) * 1000)::bigint AS slot_ms, c.phase
    FROM claimed AS c
)
UPDATE leases AS l
SET slot = f.slot,
    due_at = timestamptz 'epoch'
        + (f.slot_ms - mod(f.slot_ms - f.phase, f.step) + f.step) * interval '1 millisecond',
    lease_until = greatest(f.slot, $3) + (m.timeout_seconds + $6) * interval '1 second',
    worker_id = $4
FROM following AS f
JOIN monitors AS m ON m.id = f.monitor_id
LEFT JOIN probe_facts AS p ON p.monitor_id = m.id AND p.region_id = $1 AND p.workspace_id = m.workspace_id
WHERE l.region_id = $1 AND l.monitor_id = f.monitor_id AND l.workspace_id = m.workspace_id
RETURNING l.monitor_id, l.slot, l.lease_until, m.kind, m.config, m.config_revision, m.timeout_seconds,
    p.facts AS previous_facts

-- name: take_over
-- Claims again what a worker claimed and never recorded; where the next slot is due too, that one is enough.
-- $1 region, $2 now, $3 worker, $4 at most, $5 seconds added to the timeout.
WITH lost AS MATERIALIZED (
    SELECT l.monitor_id
    FROM leases AS l
    WHERE l.region_id = $1 AND l.lease_until < $2 AND l.due_at > $2 AND NOT EXISTS (
        SELECT FROM region_states AS s
        WHERE s.monitor_id = l.monitor_id AND s.region_id = l.region_id AND s.last_slot >= l.slot)
    ORDER BY l.lease_until
    LIMIT $4
    FOR UPDATE SKIP LOCKED
)
UPDATE leases AS l
SET lease_until = $2 + (m.timeout_seconds + $5) * interval '1 second', worker_id = $3
FROM lost
JOIN monitors AS m ON m.id = lost.monitor_id
LEFT JOIN probe_facts AS p ON p.monitor_id = m.id AND p.region_id = $1 AND p.workspace_id = m.workspace_id
WHERE l.region_id = $1 AND l.monitor_id = lost.monitor_id AND l.workspace_id = m.workspace_id
RETURNING l.monitor_id, l.slot, l.lease_until, m.kind, m.config, m.config_revision, m.timeout_seconds,
    p.facts AS previous_facts

-- name: renew
-- Keeps claims whose checks are still on their way. $1 region, $2 worker, $3 monitors, $4 slots, $5 until.
WITH kept AS MATERIALIZED (
    SELECT l.region_id, l.monitor_id
    FROM leases AS l
    JOIN unnest($3::uuid[], $4::timestamptz[]) AS u (monitor_id, slot)
        ON u.monitor_id = l.monitor_id AND u.slot = l.slot
    WHERE l.region_id = $1 AND l.worker_id = $2
    ORDER BY l.region_id, l.monitor_id
    FOR UPDATE OF l
)
UPDATE leases AS l SET lease_until = $5
FROM kept AS k
WHERE l.region_id = k.region_id AND l.monitor_id = k.monitor_id

-- name: give_back
-- Makes claims that were not begun due again. $1 region, $2 worker, $3 monitors, $4 slots.
WITH given AS MATERIALIZED (
    SELECT l.region_id, l.monitor_id
    FROM leases AS l
    JOIN unnest($3::uuid[], $4::timestamptz[]) AS u (monitor_id, slot)
        ON u.monitor_id = l.monitor_id AND u.slot = l.slot
    WHERE l.region_id = $1 AND l.worker_id = $2
    ORDER BY l.region_id, l.monitor_id
    FOR UPDATE OF l
)
UPDATE leases AS l SET due_at = least(l.due_at, l.slot), slot = NULL, lease_until = NULL, worker_id = NULL
FROM given AS g
WHERE l.region_id = g.region_id AND l.monitor_id = g.monitor_id

-- name: bring_forward
-- Looks again soon after failures that nothing has confirmed. $1 monitors, $2 regions, $3 slots.
WITH wanted AS MATERIALIZED (
    SELECT l.region_id, l.monitor_id, u.slot + m.recheck_seconds * interval '1 second' AS due_at
    FROM unnest($1::uuid[], $2::smallint[], $3::timestamptz[]) AS u (monitor_id, region_id, slot)
    JOIN monitors AS m ON m.id = u.monitor_id
    JOIN leases AS l ON l.region_id = u.region_id AND l.monitor_id = u.monitor_id AND l.workspace_id = m.workspace_id
    WHERE l.slot IS NULL OR l.slot <= u.slot
    ORDER BY l.region_id, l.monitor_id
    FOR UPDATE OF l
)
UPDATE leases AS l SET due_at = w.due_at
FROM wanted AS w
WHERE l.region_id = w.region_id AND l.monitor_id = w.monitor_id AND l.due_at > w.due_at
