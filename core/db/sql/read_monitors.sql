-- name: monitors
-- The monitors in sight, with the columns that lists are ordered by, and what is usual of those that are watched for
-- regressions. A null argument filters nothing. $1 workspace, $2 projects in sight, $3 project, $4 statuses, $5 kinds,
-- $6 a tag's name, $7 part of a name or target, $8 paused or not, $9 what the configuration has, $10 what it has not.
SELECT m.id, m.project_id, m.name, m.kind, m.is_passive, m.config, m.target, m.interval_seconds,
    m.timeout_seconds, m.failures_to_open, m.successes_to_close, m.regions_to_agree, m.recheck_seconds,
    m.regression_enabled, m.regression_threshold_percent, m.regression_period_days,
    b.usual_us, b.reckoned_at,
    m.paused_at IS NOT NULL AS is_paused, m.created_at, m.updated_at, m.revision,
    coalesce(s.status, 0) AS status, coalesce(s.is_flapping, false) AS is_flapping, s.since_ms,
    lower(m.name) AS name_key,
    coalesce(m.interval_seconds, 0) AS interval_key,
    coalesce(s.since_ms, 0) AS since_key,
    CASE s.status WHEN 3 THEN 4 WHEN 2 THEN 3 WHEN 4 THEN 2 WHEN 1 THEN 1 ELSE 0 END AS gravity
FROM monitors AS m
LEFT JOIN monitor_states AS s ON s.monitor_id = m.id
LEFT JOIN response_baselines AS b ON b.monitor_id = m.id AND m.regression_enabled
    AND b.config_revision = m.config_revision AND b.period_days = m.regression_period_days
WHERE m.workspace_id = $1 AND m.deleted_at IS NULL
    AND ($2::uuid[] IS NULL OR m.project_id = ANY($2))
    AND ($3::uuid IS NULL OR m.project_id = $3)
    AND ($4::smallint[] IS NULL OR s.status = ANY($4))
    AND ($5::text[] IS NULL OR m.kind = ANY($5))
    AND ($6::text IS NULL OR EXISTS (
        SELECT FROM monitor_tags AS mt JOIN tags AS t ON t.id = mt.tag_id
        WHERE mt.monitor_id = m.id AND t.workspace_id = $1 AND lower(t.name) = lower($6)))
    AND ($7::text IS NULL OR strpos(lower(m.name), lower($7)) > 0 OR strpos(lower(m.target), lower($7)) > 0)
    AND ($8::boolean IS NULL OR (m.paused_at IS NOT NULL) = $8)
    AND ($9::jsonb IS NULL OR m.config @> $9)
    AND ($10::jsonb IS NULL OR NOT m.config @> $10)

-- name: regions_of_monitors
-- Which regions look at each of the monitors.
SELECT monitor_id, region_id FROM monitor_regions
WHERE workspace_id = $1 AND monitor_id = ANY($2::uuid[])
ORDER BY region_id
