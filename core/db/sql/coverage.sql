-- name: lock_coverage_sweep
-- One at a time; whoever comes second has nothing to do. $1 key.
SELECT pg_try_advisory_xact_lock($1)

-- name: give_up
-- Notes that regions became blind, and returns their monitors. One pass over region_states, most of which the first
-- comparison rules out; an index would cost every recorded check more than this. What a recorder is about to
-- change is left to it. $1 coverage that ended by then, $2 the most rows.
WITH lapsed AS MATERIALIZED (
    SELECT r.monitor_id, r.region_id
    FROM region_states AS r
    JOIN monitors AS m
        ON m.id = r.monitor_id AND m.workspace_id = r.workspace_id AND m.config_revision = r.config_revision
        AND m.paused_at IS NULL AND m.deleted_at IS NULL
    WHERE r.covered_until <= $1 AND r.opinion <> 4 AND r.blind_from IS DISTINCT FROM r.covered_until
    LIMIT $2
    FOR UPDATE OF r SKIP LOCKED
)
UPDATE region_states AS r SET blind_from = r.covered_until
FROM lapsed AS l
WHERE r.monitor_id = l.monitor_id AND r.region_id = l.region_id
RETURNING r.monitor_id
