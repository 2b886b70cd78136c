-- name: uptimes
-- How long each of the monitors was in which status from $3 to $4, in Unix milliseconds, or since it was made: what
-- core/statistics/uptime.py says of its intervals. $1 workspace, $2 monitors.
-- Few monitors are younger than the window: extract() costs as much as adding up a monitor's intervals. Milliseconds
-- are exact in a float8, whose sum costs a third of a bigint's.
WITH m AS MATERIALIZED (
    SELECT id, CASE WHEN created_at <= to_timestamp($3 / 1000::float8) THEN $3::bigint
        ELSE least(greatest($3, floor(extract(epoch FROM created_at) * 1000)::bigint), $4) END AS start_ms
    FROM monitors WHERE workspace_id = $1 AND id = ANY($2::uuid[])
)
SELECT m.id AS monitor_id, u.pending_ms, u.up_ms, u.degraded_ms, u.down_ms, u.paused_ms,
    $4::bigint - m.start_ms - u.known_ms AS unknown_ms
FROM m
CROSS JOIN LATERAL (
    SELECT coalesce(sum(length_ms) FILTER (WHERE part = 0), 0)::bigint AS pending_ms,
        coalesce(sum(length_ms) FILTER (WHERE part = 1), 0)::bigint AS up_ms,
        coalesce(sum(length_ms) FILTER (WHERE part = 2), 0)::bigint AS degraded_ms,
        coalesce(sum(length_ms) FILTER (WHERE part = 3), 0)::bigint AS down_ms,
        coalesce(sum(length_ms) FILTER (WHERE part = -1), 0)::bigint AS paused_ms,
        coalesce(sum(length_ms) FILTER (WHERE part <> 4), 0)::bigint AS known_ms
    FROM (
        SELECT CASE WHEN is_paused THEN -1 ELSE status END AS part,
            greatest(least(coalesce(to_ms, $4), $4) - greatest(from_ms, m.start_ms), 0)::float8 AS length_ms
        FROM status_intervals
        WHERE monitor_id = m.id AND workspace_id = $1 AND from_ms < $4 AND from_ms >= coalesce((
            SELECT max(from_ms) FROM status_intervals WHERE monitor_id = m.id AND from_ms <= m.start_ms), 0)
    ) AS spans
) AS u

-- name: check_counts
-- How many checks each of the monitors had, and how many of them found it up or down.
-- $1 workspace, $2 monitors, $3 after, $4 until (null: whatever comes).
SELECT monitor_id, count(*) AS total,
    count(*) FILTER (WHERE status IN (1, 2)) AS up,
    count(*) FILTER (WHERE status = 3) AS down
FROM checks
WHERE workspace_id = $1 AND monitor_id = ANY($2::uuid[])
    AND slot > $3 AND ($4::timestamptz IS NULL OR slot <= $4)
GROUP BY monitor_id

-- name: latency
-- How long the target of each monitor took to answer. $1 workspace, $2 monitors, $3 after, $4 until.
SELECT monitor_id, (avg(response_us) / 1000)::double precision AS average_ms,
    min(response_us) / 1000::double precision AS min_ms, max(response_us) / 1000::double precision AS max_ms,
    percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY response_us / 1000::double precision)
        AS percentiles_ms
FROM checks
WHERE workspace_id = $1 AND monitor_id = ANY($2::uuid[]) AND slot > $3 AND slot <= $4
    AND status <> 4 AND response_us IS NOT NULL
GROUP BY monitor_id

-- name: latency_by_region
-- The same for each region.
SELECT monitor_id, region_id, (avg(response_us) / 1000)::double precision AS average_ms,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY response_us / 1000::double precision) AS p95_ms
FROM checks
WHERE workspace_id = $1 AND monitor_id = ANY($2::uuid[]) AND slot > $3 AND slot <= $4
    AND status <> 4 AND response_us IS NOT NULL AND region_id <> 0
GROUP BY monitor_id, region_id
ORDER BY monitor_id, region_id

-- name: latency_series
-- The same over time: the period is cut into $5 equal parts, numbered from 1.
SELECT monitor_id,
    ceil(extract(epoch FROM slot - $3) / extract(epoch FROM $4 - $3) * $5::integer)::integer AS part,
    count(*) AS checks, count(*) FILTER (WHERE status = 3) AS checks_down,
    (avg(response_us) FILTER (WHERE status <> 4) / 1000)::double precision AS average_ms,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY response_us / 1000::double precision)
        FILTER (WHERE status <> 4) AS p95_ms
FROM checks
WHERE workspace_id = $1 AND monitor_id = ANY($2::uuid[]) AND slot > $3::timestamptz AND slot <= $4::timestamptz
GROUP BY monitor_id, part
