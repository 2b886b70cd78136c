-- The outbox: messages owed, their attempts and their ends.

-- name: insert_deliveries
-- What a change is owed, in order; one that exists already is left as it is. Returns the ids that are new.
-- $1 workspace, $2 transition, $3 monitor, $4 incident, $5 now; then a column each.
INSERT INTO deliveries (
    id, workspace_id, transition_id, monitor_id, incident_id, status, next_attempt_at, created_at,
    event, channel_id, webhook_id, recipient, body
)
SELECT w.id, $1, $2, $3, $4, 'PENDING', $5, $5, w.event, w.channel_id, w.webhook_id, w.recipient, w.body
FROM unnest($6::uuid[], $7::text[], $8::uuid[], $9::uuid[], $10::text[], $11::text[])
    WITH ORDINALITY AS w (id, event, channel_id, webhook_id, recipient, body, place)
ORDER BY w.place
ON CONFLICT (transition_id, event, coalesce(channel_id, webhook_id), recipient) WHERE transition_id IS NOT NULL
DO NOTHING
RETURNING id;

-- name: suppress_deliveries
-- What is not to be sent any more because its failure is over; the caller holds their locks. $1 workspace, $2 ids.
UPDATE deliveries
SET status = 'SUPPRESSED', next_attempt_at = NULL, error = $3
WHERE workspace_id = $1 AND id = ANY ($2::uuid[]) AND status = 'PENDING' AND NOT may_be_received;

-- name: suppress_monitor_failures
-- A deleted monitor's failures that nobody was told of. Those on their way stay, and recoveries stay owed.
-- $1 workspace, $2 monitor, $3 events that announce a failure.
UPDATE deliveries
SET status = 'SUPPRESSED', next_attempt_at = NULL, error = 'its monitor was deleted'
WHERE workspace_id = $1 AND monitor_id = $2 AND event = ANY ($3::text[])
    AND status = 'PENDING' AND NOT may_be_received;

-- name: lease_deliveries
-- Due deliveries, with all that bears on them. A row waits for the earlier ones of its monitor to the same
-- recipient; a recipient that is not known yet ('') is every recipient. No destination gets more than its share.
-- $1 now, $2 end of the lease, $3 how many, $4 how many a destination, $5 destinations that have their share,
-- $6 events that announce a failure.
WITH waiting AS (
    SELECT d.id, d.next_attempt_at, d.position, coalesce(d.channel_id, d.webhook_id) AS destination_id
    FROM deliveries AS d
    WHERE d.status = 'PENDING'
        AND d.next_attempt_at <= $1
        AND (d.leased_until IS NULL OR d.leased_until <= $1)
        AND coalesce(d.channel_id, d.webhook_id) <> ALL ($5::uuid[])
        AND NOT EXISTS (
            SELECT FROM deliveries AS earlier
            WHERE coalesce(earlier.channel_id, earlier.webhook_id) = coalesce(d.channel_id, d.webhook_id)
                AND earlier.monitor_id = d.monitor_id
                AND earlier.position < d.position
                AND earlier.status = 'PENDING'
                AND (
                    d.webhook_id IS NOT NULL
                    OR earlier.recipient = d.recipient
                    OR earlier.recipient = ''
                    OR d.recipient = ''
                )
        )
    ORDER BY d.next_attempt_at
    LIMIT 10 * $3::integer
),
shared AS (
    SELECT id, next_attempt_at, position,
        row_number() OVER (PARTITION BY destination_id ORDER BY next_attempt_at, position) AS turn
    FROM waiting
),
chosen AS (
    SELECT id FROM shared WHERE turn <= $4::integer ORDER BY next_attempt_at, position LIMIT $3::integer
),
due AS (
    SELECT d.id, d.may_be_received
    FROM deliveries AS d
    JOIN chosen ON chosen.id = d.id
    WHERE d.status = 'PENDING' AND d.next_attempt_at <= $1 AND (d.leased_until IS NULL OR d.leased_until <= $1)
    FOR UPDATE OF d SKIP LOCKED
),
leased AS (
    UPDATE deliveries AS d
    SET leased_until = $2, attempts = d.attempts + 1, may_be_received = true
    FROM due
    WHERE d.id = due.id
    RETURNING d.id, d.workspace_id, d.transition_id, d.event, d.channel_id, d.webhook_id, d.recipient, d.incident_id,
        d.attempts, d.body, d.created_at, due.may_be_received AS may_be_received
)
SELECT l.id, l.workspace_id, l.transition_id, l.event, l.channel_id, l.webhook_id, l.recipient, l.incident_id,
    l.attempts, l.body, l.created_at, l.may_be_received,
    c.kind AS channel_kind, c.config AS channel_config, w.url AS webhook_url, w.secret AS webhook_secret,
    coalesce(c.is_active, w.is_active, false) AS destination_is_active,
    (c.id IS NULL AND w.id IS NULL) OR (c.deleted_at IS NOT NULL AND NOT c.is_retired) OR w.deleted_at IS NOT NULL
        AS destination_is_deleted,
    coalesce(i.status = 'RESOLVED', false) AS incident_has_ended,
    EXISTS (
        SELECT FROM deliveries AS failure
        WHERE failure.workspace_id = l.workspace_id
            AND failure.incident_id = l.incident_id
            AND failure.channel_id = l.channel_id
            AND failure.recipient = l.recipient
            AND failure.event = ANY ($6::text[])
            AND (failure.status = 'DELIVERED' OR failure.may_be_received)
    ) AS was_told_of_failure,
    (
        SELECT first.reference
        FROM deliveries AS first
        WHERE first.workspace_id = l.workspace_id
            AND first.incident_id = l.incident_id
            AND first.channel_id = l.channel_id
            AND first.recipient = l.recipient
            AND first.reference IS NOT NULL
        ORDER BY first.position
        LIMIT 1
    ) AS reference
FROM leased AS l
LEFT JOIN channels AS c ON c.workspace_id = l.workspace_id AND c.id = l.channel_id
LEFT JOIN webhooks AS w ON w.workspace_id = l.workspace_id AND w.id = l.webhook_id
LEFT JOIN incidents AS i ON i.workspace_id = l.workspace_id AND i.id = l.incident_id
ORDER BY l.id;

-- name: end_delivery
-- The last word on a delivery, and the decision that says so. That it was delivered holds even if the lease was
-- lost meanwhile; anything else is for the holder of the lease to say. Returns whether it was said.
-- $1 workspace, $2 delivery, $3 lease, $4 now, $5 status, $6 status code, $7 response time, $8 reference, $9 error,
-- $10 may be received, $11 attempts that were none, $12 decision's id, $13 outcome, $14 reason.
WITH ended AS (
    UPDATE deliveries
    SET status = $5,
        status_code = coalesce($6, status_code),
        response_time_ms = coalesce($7, response_time_ms),
        reference = $8,
        error = $9,
        may_be_received = $10,
        attempts = attempts - $11::integer,
        delivered_at = CASE WHEN $5 = 'DELIVERED' THEN $4::timestamptz END,
        next_attempt_at = NULL,
        leased_until = NULL
    WHERE workspace_id = $1 AND id = $2
        AND ((status = 'PENDING' AND leased_until = $3) OR ($5 = 'DELIVERED' AND status <> 'DELIVERED'))
    RETURNING id, workspace_id, incident_id, channel_id, webhook_id
),
decided AS (
    INSERT INTO alert_decisions (
        id, workspace_id, incident_id, at, step, outcome, reason, channel_id, webhook_id, delivery_id
    )
    SELECT $12, workspace_id, incident_id, $4, 'DELIVERY', $13, $14, channel_id, webhook_id, id
    FROM ended
    WHERE incident_id IS NOT NULL
)
SELECT EXISTS (SELECT FROM ended);

-- name: retry_delivery
-- An attempt failed, or could not be made, and there will be another one.
-- $1 workspace, $2 delivery, $3 lease, $4 next attempt, $5 status code, $6 response time, $7 error, $8 may be received,
-- $9 attempts that were none.
UPDATE deliveries
SET next_attempt_at = $4, status_code = $5, response_time_ms = $6, error = $7, may_be_received = $8, leased_until = NULL,
    attempts = attempts - $9::integer
WHERE workspace_id = $1 AND id = $2 AND status = 'PENDING' AND leased_until = $3;

-- name: give_back_delivery
-- The process ends, and somebody else is to send it. $1 workspace, $2 delivery, $3 lease.
UPDATE deliveries
SET leased_until = NULL, attempts = attempts - 1
WHERE workspace_id = $1 AND id = $2 AND status = 'PENDING' AND leased_until = $3;

-- name: address_delivery
-- The recipients of a message became known: it goes to the first. $1 workspace, $2 delivery, $3 lease, $4 recipient.
UPDATE deliveries
SET recipient = $4, leased_until = NULL, attempts = 0, may_be_received = false
WHERE workspace_id = $1 AND id = $2 AND status = 'PENDING' AND leased_until = $3
RETURNING id;

-- name: copy_to_recipients
-- And a copy to each of the others, in the same place of the queue.
-- $1 workspace, $2 delivery, $3 ids, $4 recipients.
INSERT INTO deliveries (
    id, position, workspace_id, transition_id, event, channel_id, webhook_id, recipient, monitor_id, incident_id,
    status, next_attempt_at, body, created_at
)
OVERRIDING SYSTEM VALUE
SELECT copy.id, d.position, d.workspace_id, d.transition_id, d.event, d.channel_id, d.webhook_id, copy.recipient,
    d.monitor_id, d.incident_id, 'PENDING', d.next_attempt_at, d.body, d.created_at
FROM deliveries AS d, unnest($3::uuid[], $4::text[]) AS copy (id, recipient)
WHERE d.workspace_id = $1 AND d.id = $2
ON CONFLICT (transition_id, event, coalesce(channel_id, webhook_id), recipient) WHERE transition_id IS NOT NULL
DO NOTHING;

-- name: note_webhook_attempt
-- What the webhook's last request was answered with. $1 workspace, $2 webhook, $3 status code, $4 now.
UPDATE webhooks SET last_status = $3, last_triggered_at = $4 WHERE workspace_id = $1 AND id = $2;

-- name: delivery_to_repeat
-- A delivery and whether its destination can still be told. $1 workspace, $2 delivery.
SELECT d.status, coalesce(c.is_active, w.is_active) AS destination_is_active
FROM deliveries AS d
LEFT JOIN channels AS c ON c.workspace_id = d.workspace_id AND c.id = d.channel_id AND c.deleted_at IS NULL
LEFT JOIN webhooks AS w ON w.workspace_id = d.workspace_id AND w.id = d.webhook_id AND w.deleted_at IS NULL
WHERE d.workspace_id = $1 AND d.id = $2;

-- name: repeat_delivery
-- The same message once more, on its own. $1 workspace, $2 delivery, $3 id of the new one, $4 now.
INSERT INTO deliveries (
    id, workspace_id, event, channel_id, webhook_id, recipient, monitor_id, incident_id, status, next_attempt_at,
    body, created_at
)
SELECT $3, workspace_id, event, channel_id, webhook_id, recipient, monitor_id, incident_id, 'PENDING', $4, body, $4
FROM deliveries
WHERE workspace_id = $1 AND id = $2;

-- name: channel_to_try
-- $1 workspace, $2 channel.
SELECT c.name, c.kind, c.config, w.name AS workspace_name
FROM channels AS c
JOIN workspaces AS w ON w.id = c.workspace_id
WHERE c.workspace_id = $1 AND c.id = $2 AND c.deleted_at IS NULL;

-- name: webhook_to_try
-- $1 workspace, $2 webhook.
SELECT url, secret FROM webhooks WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL;
