-- name: lock_incident
-- The incident that a person is about to change, and the project of its monitor: that of now, or the last one.
-- $1 workspace, $2 incident, $3 the earliest end in sight.
SELECT i.id, i.monitor_id, i.kind, i.status, i.acknowledged_at, i.resolved_at, i.root_cause, i.root_cause_detail,
    coalesce(m.project_id, i.project_id) AS project_id
FROM incidents AS i
LEFT JOIN monitors AS m ON m.id = i.monitor_id
WHERE i.workspace_id = $1 AND i.id = $2 AND (i.resolved_at IS NULL OR i.resolved_at >= $3)
FOR UPDATE OF i

-- name: project_of_incident
-- The same project of an incident that must not be locked yet. $1 workspace, $2 incident, $3 the earliest end in sight.
SELECT coalesce(m.project_id, i.project_id)
FROM incidents AS i
LEFT JOIN monitors AS m ON m.id = i.monitor_id
WHERE i.workspace_id = $1 AND i.id = $2 AND (i.resolved_at IS NULL OR i.resolved_at >= $3)

-- name: acknowledge_incident
-- Somebody looks after it. $1 workspace, $2 incident, $3 now, $4 user.
UPDATE incidents SET status = 'ACKNOWLEDGED', acknowledged_at = $3, acknowledged_by = $4
WHERE workspace_id = $1 AND id = $2 AND status = 'OPEN'

-- name: set_root_cause
-- What a person found out. $1 workspace, $2 incident, $3 root cause, $4 detail.
UPDATE incidents SET root_cause = $3, root_cause_detail = $4
WHERE workspace_id = $1 AND id = $2

-- name: insert_incident_event
-- A line of the timeline. $1 id, $2 workspace, $3 incident, $4 now, $5 kind, $6 message, $7 user.
INSERT INTO incident_events (id, workspace_id, incident_id, at, kind, message, actor_id)
VALUES ($1, $2, $3, $4, $5, $6, $7)

-- name: insert_incident_change
-- A change that subscribers may resume from. $1 workspace, $2 incident, $3 change, $4 now.
INSERT INTO events (workspace_id, subject, subject_id, change, at)
VALUES ($1, 'INCIDENT', $2, $3, $4)
