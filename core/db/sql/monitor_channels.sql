-- name: hold_channels
-- The workspace's channels among these, which cannot be deleted until the monitor has them. $1 workspace, $2 channels.
SELECT id FROM channels
WHERE workspace_id = $1 AND id = ANY($2::uuid[]) AND monitor_id IS NULL AND deleted_at IS NULL
ORDER BY id
FOR SHARE

-- name: lock_own_channels
-- The channels that were made for monitors, in the order of their ids. $1 workspace, $2 monitors.
SELECT id, monitor_id, name, kind, config, is_active, revision FROM channels
WHERE workspace_id = $1 AND monitor_id = ANY($2::uuid[]) AND deleted_at IS NULL
ORDER BY id
FOR UPDATE

-- name: retire_channels
-- They are told of nothing but the recoveries that they are owed. $1 workspace, $2 channels, $3 now.
UPDATE channels SET deleted_at = $3, is_retired = true
WHERE workspace_id = $1 AND id = ANY($2::uuid[]) AND deleted_at IS NULL

-- name: suppress_retired_failures
-- Failures that nobody was told of. Those on their way stay, and recoveries stay owed. $1 workspace, $2 channels,
-- $3 events that announce a failure.
UPDATE deliveries
SET status = 'SUPPRESSED', next_attempt_at = NULL, error = 'its channel is the monitor''s own no longer'
WHERE workspace_id = $1 AND channel_id = ANY($2::uuid[]) AND event = ANY($3::text[])
    AND status = 'PENDING' AND NOT may_be_received

-- name: channels_of_monitors
-- What monitors say of channels, in the order of their lists. $1 workspace, $2 monitors.
SELECT monitor_id, channel_id, is_enabled FROM monitor_channels
WHERE workspace_id = $1 AND monitor_id = ANY($2::uuid[])
ORDER BY place

-- name: clear_channels
-- $1 workspace, $2 monitor.
DELETE FROM monitor_channels WHERE workspace_id = $1 AND monitor_id = $2

-- name: add_channels
-- $1 workspace, $2 monitor, $3 channels in their order, $4 whether each is told.
INSERT INTO monitor_channels (monitor_id, channel_id, workspace_id, place, is_enabled)
SELECT $2, w.channel_id, $1, w.place, w.is_enabled
FROM unnest($3::uuid[], $4::boolean[]) WITH ORDINALITY AS w (channel_id, is_enabled, place)
