-- name: is_event_waiting
-- Whether any committed event has no number yet.
SELECT EXISTS (SELECT FROM events WHERE sequence IS NULL)

-- name: lock_sequence
-- One sequencer at a time. A statement of its own: the next one must see what was committed before the lock. A number
-- that was told is on disk, whatever the server is configured to. $1 key.
SELECT pg_advisory_xact_lock($1), set_config('synchronous_commit', 'on', true)

-- name: read_origin
-- Where this database lives, and whether its epoch began there. `epoch` is null in a new database.
SELECT s.epoch, s.last_sequence, c.system_identifier, d.oid AS database_oid,
    pg_postmaster_start_time() AS server_started_at,
    s.system_identifier IS NULL AS is_unclaimed,
    s.system_identifier = c.system_identifier AND s.database_oid = d.oid AS is_same_database,
    s.server_started_at = pg_postmaster_start_time() AS is_same_start
FROM pg_control_system() AS c
JOIN pg_database AS d ON d.datname = current_database()
LEFT JOIN event_sequence AS s ON true

-- name: start_sequence
-- The counter of a new database. $1 epoch, $2 system identifier, $3 database, $4 start of the server.
INSERT INTO event_sequence (epoch, last_sequence, system_identifier, database_oid, server_started_at)
VALUES ($1, 0, $2, $3, $4)

-- name: begin_epoch
-- Numbers go on in another epoch. $1 epoch, $2 system identifier, $3 database, $4 start of the server.
UPDATE event_sequence SET epoch = $1, system_identifier = $2, database_oid = $3, server_started_at = $4

-- name: keep_epoch
-- What was told until here still holds after a restart or a failover. $1 epoch, $2 its last number.
INSERT INTO event_epochs (epoch, ended_after) VALUES ($1, $2) ON CONFLICT DO NOTHING

-- name: forget_epochs
-- After a restore nothing that was told before holds.
DELETE FROM event_epochs

-- name: sequence_events
-- Numbers committed events in the order of their ids; returns how many. $1 the most to number at once.
WITH waiting AS MATERIALIZED (
    SELECT id, row_number() OVER (ORDER BY id) AS place
    FROM (SELECT id FROM events WHERE sequence IS NULL ORDER BY id LIMIT $1) AS first
), counted AS (
    SELECT count(*) AS total FROM waiting
), counter AS (
    UPDATE event_sequence SET last_sequence = last_sequence + counted.total
    FROM counted
    WHERE counted.total > 0
    RETURNING event_sequence.last_sequence - counted.total AS base
), numbered AS (
    UPDATE events SET sequence = counter.base + waiting.place
    FROM waiting, counter
    WHERE events.id = waiting.id
    RETURNING 1
)
SELECT count(*) FROM numbered
