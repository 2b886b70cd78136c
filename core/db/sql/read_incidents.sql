-- name: incidents
-- The incidents of a workspace, with the columns that lists are ordered by. A null argument filters nothing.
-- $1 workspace, $2 statuses, $3 kinds, $4 monitor, $5 project, $6 started at or after.
SELECT id, monitor_id, monitor_name, kind, year, number, status, severity, started_at, acknowledged_at,
    acknowledged_by, resolved_at, root_cause, root_cause_detail, region_ids, checks_failed, checks_total,
    coalesce(resolved_at, timestamptz '9999-12-31 00:00:00+00') AS resolved_key,
    array_position(ARRAY['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'], severity) AS severity_key
FROM incidents
WHERE workspace_id = $1
    AND ($2::text[] IS NULL OR status = ANY($2))
    AND ($3::text[] IS NULL OR kind = ANY($3))
    AND ($4::uuid IS NULL OR monitor_id = $4)
    AND ($5::uuid IS NULL OR project_id = $5)
    AND ($6::timestamptz IS NULL OR started_at >= $6)

-- name: open_incidents
-- The gravest open incident of each of the monitors.
SELECT DISTINCT ON (monitor_id)
    id, monitor_id, monitor_name, kind, year, number, status, severity, started_at, acknowledged_at,
    acknowledged_by, resolved_at, root_cause, root_cause_detail, region_ids, checks_failed, checks_total
FROM incidents
WHERE workspace_id = $1 AND monitor_id = ANY($2::uuid[]) AND status <> 'RESOLVED'
ORDER BY monitor_id, array_position(ARRAY['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'], severity), started_at

-- name: incident_counts
-- How many incidents each of the monitors has had since $3 (null: ever); one that lasted into it counts.
SELECT monitor_id, count(*) AS incidents FROM incidents
WHERE workspace_id = $1 AND monitor_id = ANY($2::uuid[])
    AND ($3::timestamptz IS NULL OR resolved_at IS NULL OR resolved_at > $3)
GROUP BY monitor_id

-- name: check_counts
-- How many checks there have been during incidents that still last, and how many of them failed:
-- what judgement.sql's resolve_incidents freezes at the end.
SELECT i.id,
    count(*) FILTER (WHERE CASE i.kind
        WHEN 'OUTAGE' THEN c.status = 3
        WHEN 'DEGRADED' THEN c.status IN (2, 3)
        ELSE c.status <> 4 END) AS failed,
    count(*) AS total
FROM incidents AS i
JOIN checks AS c ON c.monitor_id = i.monitor_id AND c.workspace_id = i.workspace_id AND c.slot >= i.started_at
WHERE i.workspace_id = $1 AND i.id = ANY($2::uuid[])
GROUP BY i.id

-- name: timeline
-- What happened to incidents.
SELECT id, incident_id, at, kind, message, actor_id FROM incident_events
WHERE workspace_id = $1
