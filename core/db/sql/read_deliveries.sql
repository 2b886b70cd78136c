-- name: deliveries
-- The outbox, as far as it is in sight: where that is bounded, what channels are told of incidents of monitors in
-- sight. A null argument filters nothing. $1 workspace, $2 projects in sight, $3 made at or after, $4 statuses,
-- $5 channel, $6 webhook, $7 incident, $8 whether channels' are shown, $9 whether webhooks' are.
SELECT d.id, d.event, d.recipient, d.channel_id, d.webhook_id, d.incident_id, d.status, d.attempts, d.status_code,
    d.response_time_ms, d.error, d.created_at, d.next_attempt_at, d.delivered_at
FROM deliveries AS d
WHERE d.workspace_id = $1
    AND ($2::uuid[] IS NULL OR (d.channel_id IS NOT NULL AND EXISTS (
        SELECT FROM incidents AS i
        WHERE i.id = d.incident_id AND i.workspace_id = $1
            AND coalesce((SELECT m.project_id FROM monitors AS m WHERE m.id = i.monitor_id), i.project_id) = ANY($2)
    )))
    AND d.created_at >= $3::timestamptz
    AND ($4::text[] IS NULL OR d.status = ANY($4))
    AND ($5::uuid IS NULL OR d.channel_id = $5)
    AND ($6::uuid IS NULL OR d.webhook_id = $6)
    AND ($7::uuid IS NULL OR d.incident_id = $7)
    AND (($8::boolean AND d.channel_id IS NOT NULL) OR ($9::boolean AND d.webhook_id IS NOT NULL))

-- name: channels
-- The channels of a workspace; where sight is bounded, of those made for a monitor the ones of monitors in sight.
-- $1 workspace, $2 projects in sight (null: all).
SELECT c.id, c.name, c.kind, c.config, c.is_active, c.created_at, c.revision, c.monitor_id
FROM channels AS c
WHERE c.workspace_id = $1 AND c.deleted_at IS NULL
    AND ($2::uuid[] IS NULL OR c.monitor_id IS NULL OR EXISTS (
        SELECT FROM monitors AS m WHERE m.workspace_id = $1 AND m.id = c.monitor_id AND m.project_id = ANY($2)
    ))

-- name: channels_of_monitors
-- The channels that monitors have, in the order of each one's list, with whether they are told. $1 workspace,
-- $2 monitors.
SELECT o.monitor_id AS of_monitor, o.is_enabled, c.id, c.name, c.kind, c.config, c.is_active, c.created_at, c.revision,
    c.monitor_id
FROM monitor_channels AS o
JOIN channels AS c ON c.workspace_id = o.workspace_id AND c.id = o.channel_id
WHERE o.workspace_id = $1 AND o.monitor_id = ANY($2::uuid[])
ORDER BY o.place

-- name: webhooks
-- The webhooks of a workspace.
SELECT id, name, url, events, secret IS NOT NULL AS has_secret, is_active, last_status, last_triggered_at,
    created_at, revision
FROM webhooks
WHERE workspace_id = $1 AND deleted_at IS NULL
