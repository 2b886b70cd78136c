-- name: regions
-- All regions, and how many workers of each were seen since $1.
SELECT r.id, r.public_id, r.key, r.city, r.country, r.country_code, r.latitude, r.longitude,
    (SELECT count(*) FROM workers AS w
     WHERE w.region_id = r.id AND w.stopped_at IS NULL AND w.seen_at >= $1) AS workers
FROM regions AS r
ORDER BY r.key
