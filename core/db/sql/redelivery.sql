-- name: goes_to_webhook
-- Whether a delivery goes to a webhook rather than to a channel; nothing of an unknown one. $1 workspace, $2 delivery.
SELECT webhook_id IS NOT NULL FROM deliveries WHERE workspace_id = $1 AND id = $2
