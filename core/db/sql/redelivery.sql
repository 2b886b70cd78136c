-- name: goes_to_webhook
-- Whether a delivery goes to a webhook rather than to a channel; nothing of an unknown one, or of one made before
-- the earliest in sight. $1 workspace, $2 delivery, $3 the earliest.
SELECT webhook_id IS NOT NULL FROM deliveries WHERE workspace_id = $1 AND id = $2 AND created_at >= $3
