-- name: incidents
-- The incidents in sight, with the columns that lists are ordered by: of monitors that are by now in a project in
-- sight, or were when they vanished, and none that ended too long ago. A null argument filters nothing. $1 workspace,
-- $2 projects in sight, $3 the earliest end in sight, $4 statuses, $5 kinds, $6 monitor, $7 project, $8 started at or
-- after.
SELECT i.id, i.monitor_id, i.monitor_name, i.kind, i.year, i.number, i.status, i.severity, i.started_at,
    i.acknowledged_at, i.acknowledged_by, i.resolved_at, i.root_cause, i.root_cause_detail, i.region_ids,
    i.checks_failed, i.checks_total,
    coalesce(i.resolved_at, timestamptz '9999-12-31 00:00:00+00') AS resolved_key,
    array_position(ARRAY['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'], i.severity) AS severity_key
FROM incidents AS i
WHERE i.workspace_id = $1
    AND ($2::uuid[] IS NULL
        OR coalesce((SELECT m.project_id FROM monitors AS m WHERE m.id = i.monitor_id), i.project_id) = ANY($2))
    AND (i.resolved_at IS NULL OR i.resolved_at >= $3::timestamptz)
    AND ($4::text[] IS NULL OR i.status = ANY($4))
    AND ($5::text[] IS NULL OR i.kind = ANY($5))
    AND ($6::uuid IS NULL OR i.monitor_id = $6)
    AND ($7::uuid IS NULL OR i.project_id = $7)
    AND ($8::timestamptz IS NULL OR i.started_at >= $8)

-- name: open_incidents
-- The gravest open incident of each of the monitors.
SELECT DISTINCT ON (monitor_id)
    id, monitor_id, monitor_name, kind, year, number, status, severity, started_at, acknowledged_at,
    acknowledged_by, resolved_at, root_cause, root_cause_detail, region_ids, checks_failed, checks_total
FROM incidents
WHERE workspace_id = $1 AND monitor_id = ANY($2::uuid[]) AND status <> 'RESOLVED'
ORDER BY monitor_id, array_position(ARRAY['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'], severity), started_at

-- name: incident_counts
-- How many incidents each of the monitors has had since $3; one that lasted into it counts.
SELECT monitor_id, count(*) AS incidents FROM incidents
WHERE workspace_id = $1 AND monitor_id = ANY($2::uuid[])
    AND (resolved_at IS NULL OR resolved_at > $3)
GROUP BY monitor_id

-- name: check_counts
-- How many checks there have been during incidents that still last, and how many of them failed:
-- what judgement.sql's resolve_incidents freezes at the end. $1 workspace, $2 incidents, $3 the earliest check in sight.
SELECT i.id,
    count(*) FILTER (WHERE CASE i.kind
        WHEN 'OUTAGE' THEN c.status = 3
        WHEN 'DEGRADED' THEN c.status IN (2, 3)
        ELSE c.status <> 4 END) AS failed,
    count(*) AS total
FROM incidents AS i
JOIN checks AS c ON c.monitor_id = i.monitor_id AND c.workspace_id = i.workspace_id AND c.slot >= greatest(i.started_at, $3)
WHERE i.workspace_id = $1 AND i.id = ANY($2::uuid[])
GROUP BY i.id

-- name: timeline
-- What happened to incidents.
SELECT id, incident_id, at, kind, message, actor_id FROM incident_events
WHERE workspace_id = $1
