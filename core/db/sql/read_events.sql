-- name: event_position
-- How far the numbers go, and how far an earlier epoch still holds (null: not at all). $1 that epoch.
SELECT s.epoch, s.last_sequence, s.purged_through,
    (SELECT k.ended_after FROM event_epochs AS k WHERE k.epoch = $1) AS kept_through
FROM event_sequence AS s

-- name: feed_events
-- The numbered changes after a number, of several workspaces, and the position in the same snapshot: a row without
-- an event if there is none. $1 epoch known so far, $2 after, $3 workspaces, $4 the most.
SELECT s.epoch, s.last_sequence, s.purged_through,
    (SELECT k.ended_after FROM event_epochs AS k WHERE k.epoch = $1) AS kept_through,
    e.sequence, e.workspace_id, e.subject, e.subject_id, e.change, e.at, e.status, e.previous_status, e.project_ids
FROM event_sequence AS s
LEFT JOIN LATERAL (
    SELECT * FROM events WHERE sequence > $2 AND workspace_id = ANY($3::uuid[]) ORDER BY sequence LIMIT $4
) AS e ON true
ORDER BY e.sequence

-- name: missed_events
-- The same of one workspace, by its own index. $1 epoch known so far, $2 after, $3 workspace, $4 the most.
SELECT s.epoch, s.last_sequence, s.purged_through,
    (SELECT k.ended_after FROM event_epochs AS k WHERE k.epoch = $1) AS kept_through,
    e.sequence, e.workspace_id, e.subject, e.subject_id, e.change, e.at, e.status, e.previous_status, e.project_ids
FROM event_sequence AS s
LEFT JOIN LATERAL (
    SELECT * FROM events WHERE workspace_id = $3 AND sequence > $2 ORDER BY sequence LIMIT $4
) AS e ON true
ORDER BY e.sequence
