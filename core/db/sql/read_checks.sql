-- name: checks
-- Checks, to be listed below monitors in sight. A null argument filters nothing.
-- $1 workspace, $2 since, $3 until, $4 status.
SELECT id, monitor_id, slot, region_id, status, checked_at, response_us, dns_us, connect_us, tls_us,
    first_byte_us, transfer_us, status_code, error
FROM checks
WHERE workspace_id = $1
    AND slot >= $2::timestamptz
    AND ($3::timestamptz IS NULL OR slot < $3)
    AND ($4::smallint IS NULL OR status = $4)

-- name: checks_of_incidents
-- The checks made while each incident lasted; none once its monitor is deleted, as a check is its monitor's. To be
-- listed below incidents in sight. $1 workspace, $2 since.
SELECT c.id, c.monitor_id, c.slot, c.region_id, c.status, c.checked_at, c.response_us, c.dns_us, c.connect_us,
    c.tls_us, c.first_byte_us, c.transfer_us, c.status_code, c.error, i.id AS incident_id
FROM incidents AS i
JOIN checks AS c ON c.monitor_id = i.monitor_id AND c.workspace_id = i.workspace_id
    AND c.slot >= greatest(i.started_at, $2::timestamptz) AND c.slot < coalesce(i.resolved_at, 'infinity')
JOIN monitors AS m ON m.id = i.monitor_id AND m.deleted_at IS NULL
WHERE i.workspace_id = $1

-- name: last_checks
-- The latest check of each of the monitors, whatever its region. $1 workspace, $2 monitors, $3 since.
SELECT latest.*
FROM unnest($2::uuid[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT id, monitor_id, slot, region_id, status, checked_at, response_us, dns_us, connect_us, tls_us,
        first_byte_us, transfer_us, status_code, error
    FROM checks
    WHERE monitor_id = wanted.id AND workspace_id = $1 AND slot >= $3
    ORDER BY slot DESC, region_id DESC
    LIMIT 1
) AS latest

-- name: checks_by_id
-- Checks in sight by their ids, found through the slot's millisecond that each carries.
-- $1 workspace, $2 projects in sight (null: all), $3 since, $4 ids, $5 the milliseconds.
SELECT c.id, c.monitor_id, c.slot, c.region_id, c.status, c.checked_at, c.response_us, c.dns_us, c.connect_us,
    c.tls_us, c.first_byte_us, c.transfer_us, c.status_code, c.error
FROM unnest($4::uuid[], $5::timestamptz[]) AS wanted (id, made_at)
JOIN checks AS c ON c.slot >= wanted.made_at AND c.slot < wanted.made_at + interval '1 millisecond'
    AND c.id = wanted.id
JOIN monitors AS m ON m.id = c.monitor_id AND m.deleted_at IS NULL
WHERE c.workspace_id = $1 AND c.slot >= $3 AND ($2::uuid[] IS NULL OR m.project_id = ANY($2))

-- name: check_details
-- What was written down of checks that failed or changed something. $1 workspace, $2 monitors, $3 slots, $4 regions.
SELECT d.monitor_id, d.slot, d.region_id, d.assertions, d.evidence
FROM unnest($2::uuid[], $3::timestamptz[], $4::smallint[]) AS wanted (monitor_id, slot, region_id)
JOIN check_details AS d ON d.monitor_id = wanted.monitor_id AND d.slot = wanted.slot
    AND d.region_id = wanted.region_id
WHERE d.workspace_id = $1

-- name: followed_regions
-- How far each region has looked at monitors that are there: a null slot where none has yet. $1 monitors.
SELECT m.id AS monitor_id, r.region_id, r.last_slot
FROM monitors AS m
LEFT JOIN region_states AS r ON r.monitor_id = m.id AND r.workspace_id = m.workspace_id
WHERE m.id = ANY($1::uuid[]) AND m.deleted_at IS NULL

-- name: followed_checks
-- The checks after each region's slot up to the latest it has folded. $1 monitors, $2 regions, $3 after, $4 up to.
SELECT c.id, c.monitor_id, c.slot, c.region_id, c.status, c.checked_at, c.response_us, c.dns_us, c.connect_us,
    c.tls_us, c.first_byte_us, c.transfer_us, c.status_code, c.error
FROM unnest($1::uuid[], $2::smallint[], $3::timestamptz[], $4::timestamptz[])
    AS w (monitor_id, region_id, after, up_to)
JOIN monitors AS m ON m.id = w.monitor_id
JOIN checks AS c ON c.monitor_id = w.monitor_id AND c.region_id = w.region_id
    AND c.workspace_id = m.workspace_id AND c.slot > w.after AND c.slot <= w.up_to
ORDER BY c.slot, c.region_id
