-- name: lock_region
-- A region that is about to be described. $1 key.
SELECT city, country, country_code, latitude, longitude FROM regions WHERE key = $1 FOR UPDATE

-- name: plan_region
-- Makes a region that no worker has named yet: absent from the beginning. $1 public id, $2 key, $3 now.
INSERT INTO regions (public_id, key, created_at, absent_since) VALUES ($1, $2, $3, $3) ON CONFLICT (key) DO NOTHING

-- name: describe_region
-- $1 key, $2 city, $3 country, $4 country code, $5 latitude, $6 longitude.
UPDATE regions SET city = $2, country = $3, country_code = $4, latitude = $5, longitude = $6 WHERE key = $1
