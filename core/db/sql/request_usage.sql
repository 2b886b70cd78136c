-- name: take_requests
-- Takes a chunk of an hour's requests, as core/usage/quota.py says; nothing is granted once they are all taken.
-- $1 workspace, $2 hour, $3 requests an hour, $4 requests that were let through without asking.
INSERT INTO request_quotas AS q (workspace_id, hour, leased, granted)
SELECT $1, $2, $4 + first.granted, first.granted
FROM (SELECT CASE WHEN $4::integer >= $3::integer THEN 0
    ELSE greatest(1, least($3 / 50, ($3 - $4) / 8)) END AS granted) AS first
ON CONFLICT (workspace_id, hour) DO UPDATE SET
    granted = CASE WHEN q.leased + $4 >= $3 THEN 0 ELSE greatest(1, least($3 / 50, ($3 - q.leased - $4) / 8)) END,
    leased = q.leased + $4
        + CASE WHEN q.leased + $4 >= $3 THEN 0 ELSE greatest(1, least($3 / 50, ($3 - q.leased - $4) / 8)) END
RETURNING leased, granted

-- name: take_only_what_was_made
-- What is taken of an hour becomes what was made in it, as far as that is stored. $1 workspace, $2 hour.
UPDATE request_quotas AS q SET leased = coalesce((
    SELECT sum(h.requests) FROM request_hours AS h WHERE h.workspace_id = q.workspace_id AND h.hour = q.hour
), 0)
WHERE q.workspace_id = $1 AND q.hour = $2

-- name: taken_requests
-- What all processes have taken of an hour's requests. $1 workspaces, $2 hour.
SELECT workspace_id, leased FROM request_quotas WHERE workspace_id = ANY($1::uuid[]) AND hour = $2

-- name: store_usage
-- Adds counted requests to their minutes and hours, and pings, which ask nobody, to what is taken of their hour.
-- Each table in the order of its key: two processes lock rows in one order.
-- $1 workspaces, $2 minutes, $3 operations, $4 requests, $5 the operation that a ping is.
WITH counted AS MATERIALIZED (
    SELECT workspace_id, minute, date_trunc('hour', minute, 'UTC') AS hour, operation, requests
    FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::integer[])
        AS c (workspace_id, minute, operation, requests)
), by_minute AS (
    INSERT INTO request_minutes AS m (workspace_id, minute, operation, requests)
    SELECT workspace_id, minute, operation, requests FROM counted ORDER BY 1, 2, 3
    ON CONFLICT (workspace_id, minute, operation) DO UPDATE SET requests = m.requests + excluded.requests
), by_hour AS (
    INSERT INTO request_hours AS h (workspace_id, hour, operation, requests)
    SELECT workspace_id, hour, operation, sum(requests) FROM counted GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (workspace_id, hour, operation) DO UPDATE SET requests = h.requests + excluded.requests
)
INSERT INTO request_quotas AS q (workspace_id, hour, leased, granted)
SELECT workspace_id, hour, sum(requests), 0 FROM counted WHERE operation = $5 GROUP BY 1, 2 ORDER BY 1, 2
ON CONFLICT (workspace_id, hour) DO UPDATE SET leased = q.leased + excluded.leased

-- name: usage_by_minutes
-- Requests by operation, the most frequent first. $1 workspaces, $2 after, $3 until.
SELECT workspace_id, operation, sum(requests)::integer AS requests FROM request_minutes
WHERE workspace_id = ANY($1::uuid[]) AND minute > $2 AND minute <= $3
GROUP BY workspace_id, operation ORDER BY requests DESC, operation

-- name: usage_by_hours
-- The same over a longer time.
SELECT workspace_id, operation, sum(requests)::integer AS requests FROM request_hours
WHERE workspace_id = ANY($1::uuid[]) AND hour > $2 AND hour <= $3
GROUP BY workspace_id, operation ORDER BY requests DESC, operation
