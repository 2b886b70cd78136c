-- name: lock_regression_sweep
-- One at a time; whoever comes second has nothing to do. $1 key.
SELECT pg_try_advisory_xact_lock($1)

-- name: reckon_baselines
-- Reckons what is usual for monitors of which that is not known, or of old, and returns them, and whether one
-- is slower than something that is not known any more. $1 now, $2 the shortest
-- stretch that is judged by it and so left out, $3 how many intervals it is at least, $4 reckoned before this moment is
-- old, $5 the same where too few looks were found, $6 how many looks are taken of a region at most, $7 at least, $8 the
-- most monitors.
-- Of each of $6 equal parts of the period the first look that found the target UP counts. What was looked at before the
-- configuration of now (which a monitor begins as PENDING, status 0) is another target's, and time of a REGRESSION is
-- not usual: while one is open, the period ends where it began, and nothing is reckoned anew but for another policy.
WITH due AS MATERIALIZED (
    SELECT m.id, m.workspace_id, m.config_revision, m.regression_period_days,
        least(
            $1::timestamptz - greatest($2::interval, m.interval_seconds * $3::integer * interval '1 second'),
            open.started_at) AS ends
    FROM monitors AS m
    LEFT JOIN response_baselines AS b ON b.monitor_id = m.id AND b.config_revision = m.config_revision
        AND b.period_days = m.regression_period_days
    LEFT JOIN incidents AS open ON open.monitor_id = m.id AND open.kind = 'REGRESSION' AND open.status <> 'RESOLVED'
    WHERE m.regression_enabled AND m.paused_at IS NULL AND m.deleted_at IS NULL AND (
        b.monitor_id IS NULL
        OR (open.id IS NULL AND b.reckoned_at <= CASE WHEN b.usual_us IS NULL THEN $5::timestamptz ELSE $4::timestamptz END))
    LIMIT $8
), periods AS MATERIALIZED (
    SELECT d.*, (d.ends - begun.at) / $6::integer AS step, begun.at AS begins
    FROM due AS d
    CROSS JOIN LATERAL (
        SELECT greatest(
            d.ends - d.regression_period_days * interval '1 day',
            (SELECT max(coalesce(timestamptz 'epoch' + i.to_ms * interval '1 millisecond', 'infinity'))
                FROM status_intervals AS i
                WHERE i.monitor_id = d.id AND i.workspace_id = d.workspace_id AND i.status = 0)) AS at
    ) AS begun
    WHERE begun.at < d.ends
), usual AS (
    SELECT p.id, r.region_id, percentile_cont(0.5) WITHIN GROUP (ORDER BY look.response_us) AS usual_us
    FROM periods AS p
    JOIN monitor_regions AS r ON r.monitor_id = p.id
    CROSS JOIN generate_series(0, $6::integer - 1) AS part
    CROSS JOIN LATERAL (
        SELECT c.response_us FROM checks AS c
        WHERE c.monitor_id = p.id AND c.workspace_id = p.workspace_id AND c.region_id = r.region_id
            AND c.slot >= p.begins + part * p.step AND c.slot < p.begins + (part + 1) * p.step
            AND c.status = 1 AND c.response_us IS NOT NULL
            AND NOT EXISTS (
                SELECT FROM incidents AS i
                WHERE i.monitor_id = p.id AND i.kind = 'REGRESSION' AND i.started_at <= c.slot
                    AND coalesce(i.resolved_at, 'infinity') > c.slot)
        ORDER BY c.slot
        LIMIT 1
    ) AS look
    GROUP BY p.id, r.region_id
    HAVING count(*) >= $7::integer
)
INSERT INTO response_baselines AS b (
    monitor_id, workspace_id, config_revision, period_days, reckoned_at, region_ids, region_us, usual_us)
SELECT d.id, d.workspace_id, d.config_revision, d.regression_period_days, $1,
    coalesce(array_agg(u.region_id ORDER BY u.region_id) FILTER (WHERE u.id IS NOT NULL), ARRAY[]::smallint[]),
    coalesce(array_agg(u.usual_us ORDER BY u.region_id) FILTER (WHERE u.id IS NOT NULL), ARRAY[]::double precision[]),
    avg(u.usual_us)
FROM due AS d
LEFT JOIN usual AS u ON u.id = d.id
GROUP BY d.id, d.workspace_id, d.config_revision, d.regression_period_days
ON CONFLICT (monitor_id) DO UPDATE SET (config_revision, period_days, reckoned_at, region_ids, region_us, usual_us)
    = (excluded.config_revision, excluded.period_days, excluded.reckoned_at, excluded.region_ids, excluded.region_us,
        excluded.usual_us)
RETURNING b.monitor_id, b.usual_us IS NULL AND EXISTS (
    SELECT FROM incidents AS i
    WHERE i.monitor_id = b.monitor_id AND i.kind = 'REGRESSION' AND i.status <> 'RESOLVED') AS is_incomparable

-- name: forget_baseline
-- Lets what is usual be reckoned anew, as by other regions. $1 workspace, $2 monitor.
DELETE FROM response_baselines WHERE workspace_id = $1 AND monitor_id = $2

-- name: recent_paces
-- How the last stretch of watched monitors was, in the order of their ids: a row for each region that looked, and a row
-- without a region where none did. Monitors are left out that were not UP (status 1) and running all of the stretch, and
-- those of which nothing is known to be usual. $1 now, $2 the shortest stretch, $3 how many intervals it is at least,
-- $4 the monitors (null: all), $5 only those after this one, $6 the most monitors.
WITH watched AS MATERIALIZED (
    SELECT m.id, m.workspace_id, m.regression_threshold_percent, m.regions_to_agree, b.region_ids, b.region_us,
        $1::timestamptz - stretch.length AS since, stretch.length / 3 AS part,
        'REGRESSION' = ANY(s.dismissed) AS is_dismissed,
        EXISTS (
            SELECT FROM incidents AS i
            WHERE i.monitor_id = m.id AND i.kind = 'REGRESSION' AND i.status <> 'RESOLVED') AS is_open
    FROM monitors AS m
    JOIN response_baselines AS b ON b.monitor_id = m.id AND b.config_revision = m.config_revision
        AND b.period_days = m.regression_period_days AND b.usual_us IS NOT NULL
    JOIN monitor_states AS s ON s.monitor_id = m.id
    CROSS JOIN LATERAL (
        SELECT greatest($2::interval, m.interval_seconds * $3::integer * interval '1 second') AS length
    ) AS stretch
    JOIN status_intervals AS running ON running.monitor_id = m.id AND running.to_ms IS NULL AND running.status = 1
        AND timestamptz 'epoch' + running.from_ms * interval '1 millisecond' <= $1::timestamptz - stretch.length
    WHERE m.regression_enabled AND m.paused_at IS NULL AND m.deleted_at IS NULL
        AND ($4::uuid[] IS NULL OR m.id = ANY($4)) AND m.id > $5
    ORDER BY m.id
    LIMIT $6
)
SELECT w.id AS monitor_id, w.regression_threshold_percent, w.regions_to_agree, w.is_dismissed, w.is_open,
    recent.region_id, w.region_us[array_position(w.region_ids, recent.region_id)] AS usual_us,
    recent.looks, recent.since, recent.first_us, recent.second_us, recent.third_us
FROM watched AS w
LEFT JOIN LATERAL (
    SELECT c.region_id, count(*) AS looks, min(c.slot) AS since,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY c.response_us)
            FILTER (WHERE c.slot < w.since + w.part) AS first_us,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY c.response_us)
            FILTER (WHERE c.slot >= w.since + w.part AND c.slot < w.since + 2 * w.part) AS second_us,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY c.response_us)
            FILTER (WHERE c.slot >= w.since + 2 * w.part) AS third_us
    FROM checks AS c
    WHERE c.monitor_id = w.id AND c.workspace_id = w.workspace_id AND c.slot >= w.since
        AND c.region_id = ANY(w.region_ids) AND c.status = 1 AND c.response_us IS NOT NULL
    GROUP BY c.region_id
) AS recent ON true
ORDER BY w.id, recent.region_id
