-- name: lock_channel
-- The channel that a service is about to change. $1 workspace, $2 channel.
SELECT id, name, kind, config, is_active, revision FROM channels
WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL
FOR UPDATE

-- name: suppress_channel_deliveries
-- Nothing more is owed to a channel that is deleted. $1 workspace, $2 channel.
UPDATE deliveries
SET status = 'SUPPRESSED', error = 'the channel was deleted', next_attempt_at = NULL, leased_until = NULL
WHERE workspace_id = $1 AND channel_id = $2 AND status = 'PENDING'

-- name: forget_channel
-- No monitor names a channel that is deleted. $1 workspace, $2 channel.
DELETE FROM monitor_channels WHERE workspace_id = $1 AND channel_id = $2
