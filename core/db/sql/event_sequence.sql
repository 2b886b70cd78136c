-- name: lock_sequence
-- One sequencer at a time. A statement of its own: the next one must see what was committed before the lock. $1 key.
SELECT pg_advisory_xact_lock($1)

-- name: start_sequence
-- The counter of a new database. $1 epoch.
INSERT INTO event_sequence (epoch, last_sequence) SELECT $1, 0 WHERE NOT EXISTS (SELECT FROM event_sequence)

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
