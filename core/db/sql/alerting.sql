-- The alert engine: from transitions to decisions and deliveries.

-- name: lease_transitions
-- The earliest undone transition of each monitor, unless somebody works on it. $1 now, $2 end of the lease, $3 how many.
WITH due AS (
    SELECT t.id
    FROM transitions AS t
    WHERE t.done_at IS NULL
        AND (t.leased_until IS NULL OR t.leased_until <= $1)
        AND NOT EXISTS (
            SELECT FROM transitions AS earlier
            WHERE earlier.monitor_id = t.monitor_id AND earlier.position < t.position AND earlier.done_at IS NULL
        )
    ORDER BY t.position
    LIMIT $3
    FOR UPDATE OF t SKIP LOCKED
)
UPDATE transitions AS t
SET leased_until = $2
FROM due
WHERE t.id = due.id
RETURNING t.id, t.workspace_id, t.at;

-- name: lock_transition
-- The transition to be routed, unless somebody was faster. $1 workspace, $2 transition.
SELECT id, workspace_id, monitor_id, incident_id, kind, at, details, position
FROM transitions
WHERE workspace_id = $1 AND id = $2 AND done_at IS NULL
FOR UPDATE;

-- name: finish_transition
-- Marks the transition at the end of T2. $1 workspace, $2 transition, $3 now.
UPDATE transitions SET done_at = $3, leased_until = NULL WHERE workspace_id = $1 AND id = $2;

-- name: postpone_transition
-- After a failure; the monitor's later transitions wait behind it. $1 workspace, $2 transition, $3 until.
UPDATE transitions SET leased_until = $3 WHERE workspace_id = $1 AND id = $2 AND done_at IS NULL;

-- name: count_outages
-- How often the monitor went down in the window that ends with a transition.
-- $1 workspace, $2 monitor, $3 start of the window, $4 position of the transition.
SELECT count(*)
FROM transitions
WHERE workspace_id = $1
    AND monitor_id = $2
    AND at > $3
    AND position <= $4
    AND kind = 'OPENED'
    AND details -> 'incident' ->> 'kind' = 'OUTAGE';

-- name: surroundings
-- What a message says beside the transition. $1 workspace, $2 monitor.
SELECT w.name AS workspace_name, m.config AS monitor_config
FROM workspaces AS w
LEFT JOIN monitors AS m ON m.workspace_id = w.id AND m.id = $2
WHERE w.id = $1;

-- name: channels_to_tell
-- All channels of a workspace but those of other monitors, the inactive ones too: each gets a decision; and those that
-- were the monitor's own and know of a failure. $1 workspace, $2 monitor, $3 destinations that were told something.
SELECT c.id, c.name, c.kind, c.config, c.is_active, c.monitor_id IS NOT NULL AS is_own, c.is_retired,
    o.is_enabled AS is_enabled_by_monitor
FROM channels AS c
LEFT JOIN monitor_channels AS o ON o.workspace_id = $1 AND o.monitor_id = $2 AND o.channel_id = c.id
WHERE c.workspace_id = $1
    AND (
        (c.deleted_at IS NULL AND (c.monitor_id IS NULL OR c.monitor_id = $2))
        OR (c.is_retired AND c.monitor_id = $2 AND c.id = ANY ($3::uuid[]))
    )
ORDER BY c.id;

-- name: webhooks_to_tell
-- All webhooks of a workspace. $1 workspace.
SELECT id, name, url, events, is_active
FROM webhooks
WHERE workspace_id = $1 AND deleted_at IS NULL
ORDER BY id;

-- name: lock_ledger
-- The deliveries of an incident, and of the monitor's incidents since $4 where that is given. Locked, so that
-- none is leased while it is decided about. $1 workspace, $2 incident, $3 monitor, $4 since.
SELECT d.id, d.incident_id, coalesce(d.channel_id, d.webhook_id) AS destination_id, d.recipient, d.event,
    d.status, d.may_be_received, d.position
FROM deliveries AS d
WHERE d.workspace_id = $1
    AND d.incident_id = ANY (
        ARRAY(
            SELECT i.id FROM incidents AS i
            WHERE i.workspace_id = $1 AND i.monitor_id = $3 AND i.started_at >= $4
        ) || $2::uuid
    )
ORDER BY d.position
FOR UPDATE;

-- name: insert_decisions
-- $1 workspace, $2 incident, $3 now; then a column each.
INSERT INTO alert_decisions (
    id, workspace_id, incident_id, at, step, outcome, reason, channel_id, webhook_id, delivery_id
)
SELECT d.id, $1, $2, $3, d.step, d.outcome, d.reason, d.channel_id, d.webhook_id, d.delivery_id
FROM unnest($4::uuid[], $5::text[], $6::text[], $7::text[], $8::uuid[], $9::uuid[], $10::uuid[])
    AS d (id, step, outcome, reason, channel_id, webhook_id, delivery_id);

-- name: insert_timeline
-- Who was told and who was spared, for people to read; subscribers hear of it once. $1 workspace, $2 incident, $3 now;
-- then a column each.
WITH change AS (
    INSERT INTO events (workspace_id, subject, subject_id, change, at)
    SELECT $1, 'INCIDENT', $2, 'UPDATED', $3 WHERE cardinality($4::uuid[]) > 0
)
INSERT INTO incident_events (id, workspace_id, incident_id, at, kind, message)
SELECT e.id, $1, $2, $3, e.kind, e.message
FROM unnest($4::uuid[], $5::text[], $6::text[]) AS e (id, kind, message);

-- name: flag_flapping
-- Shows on the monitor whether it flaps, and returns its status if that is news. $1 workspace, $2 monitor, $3 flapping.
UPDATE monitor_states
SET is_flapping = $3
WHERE workspace_id = $1 AND monitor_id = $2 AND is_flapping <> $3
RETURNING status;

-- name: insert_monitor_event
-- Lets subscribers know that the monitor's flag changed. $1 workspace, $2 monitor, $3 now, $4 status.
INSERT INTO events (workspace_id, subject, subject_id, change, at, status, project_ids)
SELECT $1, 'MONITOR', id, 'UPDATED', $3, $4, ARRAY[project_id] FROM monitors WHERE workspace_id = $1 AND id = $2;

-- name: has_undone_transitions
-- Whether the monitor's story goes on: what it ends with is not known yet. $1 workspace, $2 monitor.
SELECT EXISTS (
    SELECT FROM transitions WHERE workspace_id = $1 AND monitor_id = $2 AND done_at IS NULL
);

-- name: outages_since
-- The monitor's outages since it began to flap, and the transitions that opened and ended them.
-- $1 workspace, $2 monitor, $3 since.
SELECT t.id, t.workspace_id, t.monitor_id, t.incident_id, t.kind, t.at, t.details, t.position, i.status AS incident_status
FROM incidents AS i
JOIN transitions AS t ON t.workspace_id = i.workspace_id AND t.monitor_id = i.monitor_id AND t.incident_id = i.id
WHERE i.workspace_id = $1 AND i.monitor_id = $2 AND i.started_at >= $3 AND i.kind = 'OUTAGE'
ORDER BY t.position;
