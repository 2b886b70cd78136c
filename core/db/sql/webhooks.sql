-- name: lock_webhook
-- The webhook that a service is about to change. $1 workspace, $2 webhook.
SELECT id, name, url, events, secret, is_active, revision FROM webhooks
WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL
FOR UPDATE

-- name: suppress_webhook_deliveries
-- Nothing more is owed to a webhook that is deleted. $1 workspace, $2 webhook.
UPDATE deliveries
SET status = 'SUPPRESSED', error = 'the webhook was deleted', next_attempt_at = NULL, leased_until = NULL
WHERE workspace_id = $1 AND webhook_id = $2 AND status = 'PENDING'
