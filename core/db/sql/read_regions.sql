-- name: regions
-- All regions, and how many workers of each were seen since $1.
SELECT r.id, r.public_id, r.key, r.city, r.country, r.country_code, r.latitude, r.longitude,
    (SELECT count(*) FROM workers AS w
     WHERE w.region_id = r.id AND w.stopped_at IS NULL AND w.seen_at >= $1) AS workers
FROM regions AS r
ORDER BY r.key

-- name: regions_with_duties
-- The same with what an operator asks: the monitors of each, over all workspaces, and when a worker was last
-- seen. $1 alive since.
SELECT r.key, r.city, r.country, r.country_code, r.latitude, r.longitude, r.absent_since,
    (SELECT count(*) FROM workers AS w
     WHERE w.region_id = r.id AND w.stopped_at IS NULL AND w.seen_at >= $1) AS workers,
    (SELECT max(w.seen_at) FROM workers AS w WHERE w.region_id = r.id) AS seen_at,
    (SELECT count(*) FROM monitor_regions AS d
     JOIN monitors AS m ON m.id = d.monitor_id AND m.deleted_at IS NULL
     WHERE d.region_id = r.id) AS monitors
FROM regions AS r
ORDER BY r.key
