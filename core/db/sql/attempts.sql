-- name: take_attempt
-- Puts one attempt into a bucket; returns nothing if it is full. $1 key, $2 now, $3 the time that one attempt takes to
-- drain, $4 the time that a full bucket takes.
INSERT INTO attempts AS a (key, drained_at) VALUES ($1, $2::timestamptz + $3::interval)
ON CONFLICT (key) DO UPDATE SET drained_at = greatest(a.drained_at, $2::timestamptz) + $3::interval
WHERE greatest(a.drained_at, $2::timestamptz) + $3::interval <= $2::timestamptz + $4::interval
RETURNING drained_at

-- name: drained_at
-- When a bucket will be empty. $1 key.
SELECT drained_at FROM attempts WHERE key = $1

-- name: give_attempt_back
-- Takes one attempt out of a bucket: it succeeded. $1 key, $2 the time that one attempt takes to drain.
UPDATE attempts SET drained_at = drained_at - $2::interval WHERE key = $1
