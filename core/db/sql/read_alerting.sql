-- name: decisions
-- Every decision to tell someone or not to.
SELECT id, incident_id, at, step, outcome, reason, channel_id, delivery_id FROM alert_decisions
WHERE workspace_id = $1
