-- What PostGraphile shows of our tables: the fields of the dashboard's query, with the same values.
-- Relations are views that PostgreSQL pulls up, as a function that returns one row is not.
CREATE SCHEMA rival;

CREATE VIEW rival.projects AS SELECT id, name FROM public.projects;
COMMENT ON VIEW rival.projects IS '@primaryKey id';

CREATE VIEW rival.monitors AS
SELECT m.id, m.project_id, m.name, m.kind, m.target, m.interval_seconds,
    (ARRAY['PENDING', 'UP', 'DEGRADED', 'DOWN', 'UNKNOWN'])[coalesce(s.status, 0) + 1] AS status,
    coalesce(to_timestamp(s.since_ms / 1000.0), m.created_at) AS status_since,
    m.paused_at IS NOT NULL AS paused
FROM public.monitors AS m
LEFT JOIN public.monitor_states AS s ON s.monitor_id = m.id
WHERE m.deleted_at IS NULL;
COMMENT ON VIEW rival.monitors IS E'@primaryKey id\n@foreignKey (project_id) references rival.projects (id)|@fieldName project';

CREATE VIEW rival.last_checks AS
SELECT m.id AS monitor_id, c.status, c.checked_at, c.response_time_ms, c.status_code, c.error
FROM public.monitors AS m
CROSS JOIN LATERAL (
    SELECT (ARRAY['PENDING', 'UP', 'DEGRADED', 'DOWN', 'UNKNOWN'])[status + 1] AS status, checked_at,
        response_us / 1000.0::float8 AS response_time_ms, status_code, error
    FROM public.checks WHERE monitor_id = m.id ORDER BY slot DESC, region_id DESC LIMIT 1
) AS c;
COMMENT ON VIEW rival.last_checks IS E'@primaryKey monitor_id\n@foreignKey (monitor_id) references rival.monitors (id)|@foreignFieldName lastCheck';

CREATE VIEW rival.uptimes AS
SELECT m.id AS monitor_id, u.up_ms / 1000.0::float8 AS up_seconds, u.down_ms / 1000.0::float8 AS down_seconds,
    (u.up_ms + u.degraded_ms) / nullif(u.up_ms + u.degraded_ms + u.down_ms, 0)::float8 AS ratio
FROM public.monitors AS m
CROSS JOIN LATERAL (
    SELECT (extract(epoch FROM now()) * 1000)::bigint AS end_ms,
        (extract(epoch FROM greatest(m.created_at, now() - interval '1 day')) * 1000)::bigint AS start_ms
) AS w
CROSS JOIN LATERAL (
    SELECT coalesce(sum(length_ms) FILTER (WHERE status = 1), 0) AS up_ms,
        coalesce(sum(length_ms) FILTER (WHERE status = 2), 0) AS degraded_ms,
        coalesce(sum(length_ms) FILTER (WHERE status = 3), 0) AS down_ms
    FROM (
        SELECT CASE WHEN is_paused THEN -1 ELSE status END AS status,
            (least(coalesce(to_ms, w.end_ms), w.end_ms) - greatest(from_ms, w.start_ms))::float8 AS length_ms
        FROM public.status_intervals
        WHERE monitor_id = m.id AND from_ms < w.end_ms AND from_ms >= coalesce((
            SELECT max(from_ms) FROM public.status_intervals WHERE monitor_id = m.id AND from_ms <= w.start_ms), 0)
    ) AS parts
) AS u;
COMMENT ON VIEW rival.uptimes IS E'@primaryKey monitor_id\n@foreignKey (monitor_id) references rival.monitors (id)|@foreignFieldName uptime';

CREATE VIEW rival.tags AS SELECT id, name FROM public.tags;
COMMENT ON VIEW rival.tags IS '@primaryKey id';

CREATE FUNCTION rival.monitors_tags(m rival.monitors) RETURNS SETOF rival.tags LANGUAGE sql STABLE AS $$
    SELECT t.id, t.name FROM public.monitor_tags AS mt JOIN public.tags AS t ON t.id = mt.tag_id
    WHERE mt.monitor_id = m.id ORDER BY t.name
$$;
