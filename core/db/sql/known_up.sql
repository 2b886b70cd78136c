-- name: known_up
-- What a region found up last, so that a worker knows at its start what was up. $1 region, $2 at most.
SELECT m.id, m.host
FROM region_states AS s
JOIN monitors AS m ON m.id = s.monitor_id AND m.workspace_id = s.workspace_id
WHERE s.region_id = $1 AND s.last_status IN (1, 2) AND m.host IS NOT NULL
    AND m.deleted_at IS NULL AND m.paused_at IS NULL
LIMIT $2
