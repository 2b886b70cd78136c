-- name: monitor_totals
-- The monitors in sight by what they are at the moment; of paused ones the status says nothing. $1 workspace,
-- $2 projects in sight (null: all).
SELECT count(*) AS total, count(*) FILTER (WHERE m.paused_at IS NULL) AS active,
    count(*) FILTER (WHERE m.paused_at IS NOT NULL) AS paused,
    count(*) FILTER (WHERE m.paused_at IS NULL AND s.status = 1) AS up,
    count(*) FILTER (WHERE m.paused_at IS NULL AND s.status = 3) AS down,
    count(*) FILTER (WHERE m.paused_at IS NULL AND s.status = 2) AS degraded,
    coalesce(array_agg(m.id), ARRAY[]::uuid[]) AS ids
FROM monitors AS m
LEFT JOIN monitor_states AS s ON s.monitor_id = m.id
WHERE m.workspace_id = $1 AND m.deleted_at IS NULL AND ($2::uuid[] IS NULL OR m.project_id = ANY($2))

-- name: incident_totals
-- The incidents in sight: those that last, those that ended since two moments, and how many seconds the outages that
-- ended since a third one lasted on the average. $1 workspace, $2 projects in sight, $3 the earliest end in sight,
-- $4 the day's beginning, $5 the week's, $6 that of the average.
SELECT count(*) FILTER (WHERE i.status <> 'RESOLVED') AS lasting,
    count(*) FILTER (WHERE i.resolved_at >= $4) AS resolved_today,
    count(*) FILTER (WHERE i.resolved_at >= $5) AS resolved_this_week,
    (avg(extract(epoch FROM i.resolved_at - i.started_at))
        FILTER (WHERE i.kind = 'OUTAGE' AND i.resolved_at >= $6))::double precision AS recovery_seconds
FROM incidents AS i
WHERE i.workspace_id = $1
    AND ($2::uuid[] IS NULL
        OR coalesce((SELECT m.project_id FROM monitors AS m WHERE m.id = i.monitor_id), i.project_id) = ANY($2))
    AND (i.resolved_at IS NULL OR i.resolved_at >= $3::timestamptz)

-- name: common_latency
-- How long the targets of monitors took to answer, all together. $1 workspace, $2 monitors, $3 after, $4 until.
SELECT (avg(response_us) / 1000)::double precision AS average_ms,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY response_us / 1000::double precision) AS p95_ms
FROM checks
WHERE workspace_id = $1 AND monitor_id = ANY($2::uuid[]) AND slot > $3 AND slot <= $4
    AND status <> 4 AND response_us IS NOT NULL
