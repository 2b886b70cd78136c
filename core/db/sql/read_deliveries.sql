-- name: deliveries
-- The outbox. A null argument filters nothing. $1 workspace, $2 statuses, $3 channel, $4 webhook, $5 incident,
-- $6 whether channels' are shown, $7 whether webhooks' are.
SELECT id, event, recipient, channel_id, webhook_id, incident_id, status, attempts, status_code,
    response_time_ms, error, created_at, next_attempt_at, delivered_at
FROM deliveries
WHERE workspace_id = $1
    AND ($2::text[] IS NULL OR status = ANY($2))
    AND ($3::uuid IS NULL OR channel_id = $3)
    AND ($4::uuid IS NULL OR webhook_id = $4)
    AND ($5::uuid IS NULL OR incident_id = $5)
    AND (($6::boolean AND channel_id IS NOT NULL) OR ($7::boolean AND webhook_id IS NOT NULL))

-- name: channels
-- The channels of a workspace.
SELECT id, name, kind, config, is_active, created_at, revision FROM channels
WHERE workspace_id = $1 AND deleted_at IS NULL

-- name: webhooks
-- The webhooks of a workspace.
SELECT id, name, url, events, secret IS NOT NULL AS has_secret, is_active, last_status, last_triggered_at,
    created_at, revision
FROM webhooks
WHERE workspace_id = $1 AND deleted_at IS NULL
