-- name: create_region
-- Makes a region that a worker names for the first time. $1 public id, $2 key, $3 now.
INSERT INTO regions (public_id, key, created_at) VALUES ($1, $2, $3) ON CONFLICT (key) DO NOTHING

-- name: region_by_key
-- The region that a worker checks from. $1 key.
SELECT id FROM regions WHERE key = $1

-- name: register_worker
-- A worker that starts. $1 worker, $2 region, $3 now.
INSERT INTO workers (id, region_id, started_at, seen_at) VALUES ($1, $2, $3, $3)

-- name: note_presence
-- A worker that lives, also after its row was lost to a restore. $1 worker, $2 region, $3 now.
INSERT INTO workers (id, region_id, started_at, seen_at) VALUES ($1, $2, $3, $3)
ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at, stopped_at = NULL

-- name: note_departure
-- A worker that ends in order. $1 worker, $2 now.
UPDATE workers SET seen_at = $2, stopped_at = $2 WHERE id = $1
