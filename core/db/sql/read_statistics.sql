-- name: intervals
-- What the status of each of the monitors was from $3 to $4, in Unix milliseconds; the first interval may
-- begin before. $1 workspace, $2 monitors.
SELECT i.monitor_id, i.from_ms, i.to_ms, i.status, i.is_paused
FROM unnest($2::uuid[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT monitor_id, from_ms, to_ms, status, is_paused
    FROM status_intervals
    WHERE monitor_id = wanted.id AND workspace_id = $1 AND from_ms < $4::bigint
        AND from_ms >= coalesce((
            SELECT max(from_ms) FROM status_intervals WHERE monitor_id = wanted.id AND from_ms <= $3::bigint), 0)
    ORDER BY from_ms
) AS i
WHERE i.to_ms IS NULL OR i.to_ms > $3::bigint

-- name: check_counts
-- How many checks each of the monitors had, and how many of them found it up or down.
-- $1 workspace, $2 monitors, $3 after, $4 until; null bounds nothing.
SELECT monitor_id, count(*) AS total,
    count(*) FILTER (WHERE status IN (1, 2)) AS up,
    count(*) FILTER (WHERE status = 3) AS down
FROM checks
WHERE workspace_id = $1 AND monitor_id = ANY($2::uuid[])
    AND ($3::timestamptz IS NULL OR slot > $3) AND ($4::timestamptz IS NULL OR slot <= $4)
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
