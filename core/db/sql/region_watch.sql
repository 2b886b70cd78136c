-- name: attendances
-- Every region, how many of its workers were seen since $1, and when the last one was.
SELECT g.id, g.key, g.absent_since, g.is_settled,
    count(w.id) FILTER (WHERE w.stopped_at IS NULL AND w.seen_at >= $1) AS workers,
    max(w.seen_at) AS seen_at
FROM regions AS g
LEFT JOIN workers AS w ON w.region_id = g.id
GROUP BY g.id
ORDER BY g.id

-- name: lock_region_watch
-- One at a time; whoever comes second has nothing to do. $1 key.
SELECT pg_try_advisory_lock($1)

-- name: unlock_region_watch
-- $1 key.
SELECT pg_advisory_unlock($1)

-- name: turn_region
-- Lets a region take part or not, unless somebody else did. $1 region, $2 absent since, as it was, $3 as it is to be.
UPDATE regions AS g SET absent_since = $3, is_settled = false
WHERE g.id = $1 AND g.absent_since IS NOT DISTINCT FROM $2
RETURNING (
    SELECT count(*) FROM monitor_regions AS r
    JOIN monitors AS m ON m.id = r.monitor_id AND m.deleted_at IS NULL
    WHERE r.region_id = g.id) AS monitors

-- name: monitors_of_region
-- $1 region, $2 the last monitor of those before, $3 the most.
SELECT monitor_id FROM monitor_regions
WHERE region_id = $1 AND monitor_id > $2
ORDER BY monitor_id
LIMIT $3

-- name: make_due_on_return
-- Lets a region that left look at its monitors as soon as it is back. $1 region, $2 monitors, $3 when it left.
WITH held AS MATERIALIZED (
    SELECT region_id, monitor_id FROM leases
    WHERE region_id = $1 AND monitor_id = ANY($2::uuid[]) AND due_at > $3
    ORDER BY region_id, monitor_id
    FOR UPDATE
)
UPDATE leases AS l SET due_at = $3
FROM held AS h
WHERE l.region_id = h.region_id AND l.monitor_id = h.monitor_id

-- name: hold_opinions
-- Waits for recorders that are folding, in their order: both of the next two change some of these. $1 monitors.
SELECT FROM region_states WHERE monitor_id = ANY($1::uuid[]) ORDER BY monitor_id, region_id FOR UPDATE

-- name: forget_opinions
-- What a region thought when it left is of no use when it comes back; its next look begins anew (opinion 0 is
-- PENDING). What it asked for of an expiry stays. Nor is it blind while others look, and agree without it; where
-- nobody else does, its last look reaches as far as it does. $1 region, $2 monitors.
UPDATE region_states AS r
SET opinion = 0, opinion_slot = NULL,
    down_streak = 0, down_since = NULL, impaired_streak = 0, impaired_since = NULL,
    clear_streak = 0, clear_since = NULL, up_streak = 0, up_since = NULL,
    expiring_streak = 0, expiring_since = NULL, blind_from = NULL,
    covered_until = CASE
        WHEN NOT EXISTS (SELECT FROM regions_taking_part AS t WHERE t.monitor_id = r.monitor_id)
            THEN r.covered_until
        END
WHERE r.region_id = $1 AND r.monitor_id = ANY($2::uuid[])

-- name: keep_what_was_seen
-- What a region did not see before it looked again was judged then, with the regions of that time: it is not to be
-- judged by others. $1 monitors.
UPDATE region_states SET blind_from = NULL
WHERE monitor_id = ANY($1::uuid[]) AND opinion IN (1, 2, 3)
    AND blind_from IS NOT NULL AND blind_from IS DISTINCT FROM covered_until

-- name: settle_region
-- All monitors of a region were judged since it turned, if it has not turned again. $1 region, $2 absent since.
UPDATE regions SET is_settled = true WHERE id = $1 AND absent_since IS NOT DISTINCT FROM $2
