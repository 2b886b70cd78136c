-- name: decisions
-- Every decision to tell someone or not to.
SELECT id, incident_id, at, step, outcome, reason, channel_id, delivery_id FROM alert_decisions
WHERE workspace_id = $1

-- name: monitors_told
-- How many monitors in sight there are, and of how many an active channel is told: what alerting.sql's channels_to_tell
-- and core/alerting/policy.py come to. $1 workspace, $2 projects in sight (null: all).
SELECT count(*) AS monitors, count(*) FILTER (WHERE EXISTS (
    SELECT FROM channels AS c
    LEFT JOIN monitor_channels AS o ON o.workspace_id = $1 AND o.monitor_id = m.id AND o.channel_id = c.id
    WHERE c.workspace_id = $1 AND c.deleted_at IS NULL AND c.is_active
        AND (c.monitor_id IS NULL OR c.monitor_id = m.id) AND o.is_enabled IS NOT FALSE
)) AS told
FROM monitors AS m
WHERE m.workspace_id = $1 AND m.deleted_at IS NULL AND ($2::uuid[] IS NULL OR m.project_id = ANY($2))
