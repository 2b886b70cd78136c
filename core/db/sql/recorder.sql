-- name: record
-- Stores checks, and folds them into the region states: `core/checks/fold.py` in SQL. Returns the monitors of
-- which a region's opinion flipped, and the failing streaks that are not confirmed yet.
-- At most one check a (monitor, region); checks of deleted monitors are dropped, those of paused ones and of
-- an older configuration are stored only. Sorted.
-- Most looks see what the last one saw and the region thinks already: those only lengthen its streaks (`went_on`),
-- which costs half of the whole fold. Two recorders of the same monitors, as after a worker's death, can deadlock
-- between that and the fold of the others; one of them repeats its batch.
-- A look that sees covers its region until the next one should be here ($3 is core/checks/coverage.py's tolerance,
-- in seconds); the first one after that end starts anew, and so does not confirm what was before. A late one of
-- before that end is returned, as its region may have been given up meanwhile ($2 is now).
-- Statuses: 1 UP, 2 DEGRADED, 3 DOWN, 4 UNKNOWN, and 0 for an opinion that is PENDING.
WITH found AS MATERIALIZED (
    SELECT u.*, m.workspace_id,
        m.paused_at IS NULL AND m.config_revision = u.config_revision AS folds,
        CASE WHEN m.is_passive THEN 1 ELSE m.failures_to_open END AS opens,
        CASE WHEN m.is_passive THEN 1 ELSE m.successes_to_close END AS closes,
        CASE WHEN u.status = 4 THEN u.slot
             WHEN NOT m.is_passive
                 THEN u.slot + make_interval(secs => m.interval_seconds + m.timeout_seconds + $3::integer)
             END AS covered_until
    FROM (
        SELECT f.*, timestamptz 'epoch' + f.slot_us * interval '1 microsecond' AS slot,
            timestamptz 'epoch' + f.checked_us * interval '1 microsecond' AS checked_at
        FROM unnest($1::found_check[]) AS f
        ORDER BY f.monitor_id, f.region_id
    ) AS u
    -- One by one, which the LIMIT enforces: as a join PostgreSQL reads all the monitors there are, for each batch.
    CROSS JOIN LATERAL (SELECT * FROM monitors WHERE id = u.monitor_id AND deleted_at IS NULL LIMIT 1) AS m
), stored AS (
    INSERT INTO checks (
        monitor_id, slot, region_id, id, workspace_id, status, checked_at, response_us, dns_us, connect_us,
        tls_us, first_byte_us, transfer_us, status_code, error)
    SELECT monitor_id, slot, region_id, id, workspace_id, status, checked_at, response_us, dns_us, connect_us,
        tls_us, first_byte_us, transfer_us, status_code, error
    FROM found
    ON CONFLICT DO NOTHING
), went_on AS (
    UPDATE region_states AS r
    SET last_slot = f.slot, covered_until = f.covered_until,
        down_streak = r.down_streak + (f.status = 3)::integer,
        impaired_streak = r.impaired_streak + (f.status <> 1)::integer,
        clear_streak = r.clear_streak + (f.status <> 3)::integer,
        up_streak = r.up_streak + (f.status = 1)::integer
    FROM found AS f
    WHERE r.monitor_id = f.monitor_id AND r.region_id = f.region_id
        AND f.folds AND f.status <> 4 AND f.status = r.last_status AND f.status = r.opinion
        AND r.config_revision = f.config_revision AND r.last_slot < f.slot
        AND r.failures_to_open = f.opens AND r.successes_to_close = f.closes
        AND NOT f.asks_expiry AND NOT r.expiring AND r.expiring_streak = 0
        AND r.blind_from IS NULL AND (r.covered_until IS NULL OR r.covered_until > greatest(f.slot, $2))
    RETURNING r.monitor_id, r.region_id
), folded AS (
    INSERT INTO region_states AS r (
        monitor_id, region_id, workspace_id, config_revision, failures_to_open, successes_to_close,
        last_slot, last_status, down_streak, down_since, impaired_streak, impaired_since,
        clear_streak, clear_since, up_streak, up_since, expiring_streak, expiring_since,
        opinion, opinion_slot, expiring, covered_until, blind_from)
    SELECT monitor_id, region_id, workspace_id, config_revision, opens, closes,
        slot, status,
        (status = 3)::integer, CASE WHEN status = 3 THEN slot END,
        (status IN (2, 3))::integer, CASE WHEN status IN (2, 3) THEN slot END,
        (status IN (1, 2))::integer, CASE WHEN status IN (1, 2) THEN slot END,
        (status = 1)::integer, CASE WHEN status = 1 THEN slot END,
        (asks_expiry AND status <> 4)::integer, CASE WHEN asks_expiry AND status <> 4 THEN slot END,
        CASE WHEN status IN (1, 4) OR opens <= 1 THEN status ELSE 0 END,
        CASE WHEN status IN (1, 4) OR opens <= 1 THEN slot END,
        asks_expiry AND status <> 4 AND opens <= 1,
        covered_until, CASE WHEN status = 4 THEN slot END
    FROM found
    WHERE folds AND (monitor_id, region_id) NOT IN (SELECT monitor_id, region_id FROM went_on)
    ORDER BY monitor_id, region_id
    ON CONFLICT (monitor_id, region_id) DO UPDATE SET (
        config_revision, failures_to_open, successes_to_close,
        last_slot, last_status, down_streak, down_since, impaired_streak, impaired_since,
        clear_streak, clear_since, up_streak, up_since, expiring_streak, expiring_since,
        opinion, opinion_slot, expiring, covered_until, blind_from
    ) = (
        SELECT excluded.config_revision, excluded.failures_to_open, excluded.successes_to_close,
            excluded.last_slot, excluded.last_status,
            s.down, CASE WHEN s.down > 1 THEN r.down_since ELSE excluded.down_since END,
            s.impaired, CASE WHEN s.impaired > 1 THEN r.impaired_since ELSE excluded.impaired_since END,
            s.clear, CASE WHEN s.clear > 1 THEN r.clear_since ELSE excluded.clear_since END,
            s.up, CASE WHEN s.up > 1 THEN r.up_since ELSE excluded.up_since END,
            s.asking,
            CASE WHEN s.asking > excluded.expiring_streak THEN r.expiring_since ELSE excluded.expiring_since END,
            o.opinion,
            CASE WHEN o.opinion <> b.opinion OR o.expiring <> b.expiring OR b.sees_again OR b.was_given_up
                     THEN excluded.last_slot
                 WHEN b.is_same THEN r.opinion_slot END,
            o.expiring,
            CASE WHEN b.is_same AND excluded.last_status = 4 THEN least(r.covered_until, excluded.covered_until)
                 ELSE excluded.covered_until END,
            CASE WHEN NOT b.is_same THEN excluded.blind_from
                 WHEN excluded.last_status = 4 AND r.opinion <> 4
                     THEN least(r.covered_until, excluded.covered_until)
                 WHEN b.sees_again AND r.opinion = 4 THEN coalesce(r.blind_from, r.covered_until)
                 WHEN b.sees_again THEN r.covered_until
                 WHEN o.opinion = 4 THEN r.blind_from END
        FROM (
            SELECT k.is_same, k.sees_again, k.is_same AND NOT k.sees_again AS goes_on,
                CASE WHEN k.sees_again THEN 4 WHEN k.is_same THEN r.opinion ELSE 0 END AS opinion,
                k.is_same AND r.expiring AS expiring,
                k.is_same AND k.is_late AND r.opinion <> 4 AS was_given_up
            FROM (
                SELECT r.config_revision = excluded.config_revision AS is_same,
                    r.config_revision = excluded.config_revision AND excluded.last_status <> 4
                        AND coalesce(excluded.last_slot > r.covered_until, false) AS sees_again,
                    excluded.last_status <> 4 AND coalesce(r.covered_until <= $2::timestamptz, false) AS is_late
            ) AS k
        ) AS b
        CROSS JOIN LATERAL (
            SELECT
                CASE WHEN excluded.down_streak = 0 THEN 0 WHEN b.goes_on THEN r.down_streak + 1 ELSE 1 END
                    AS down,
                CASE WHEN excluded.impaired_streak = 0 THEN 0 WHEN b.goes_on THEN r.impaired_streak + 1 ELSE 1 END
                    AS impaired,
                CASE WHEN excluded.clear_streak = 0 THEN 0 WHEN b.goes_on THEN r.clear_streak + 1 ELSE 1 END
                    AS clear,
                CASE WHEN excluded.up_streak = 0 THEN 0 WHEN b.goes_on THEN r.up_streak + 1 ELSE 1 END
                    AS up,
                CASE WHEN NOT b.goes_on THEN excluded.expiring_streak
                     WHEN excluded.expiring_streak = 1 THEN r.expiring_streak + 1
                     WHEN excluded.last_status = 3 THEN r.expiring_streak  -- a DOWN look refutes nothing
                     ELSE 0 END AS asking
        ) AS s
        CROSS JOIN LATERAL (
            SELECT
                CASE WHEN excluded.last_status = 4 THEN 4
                     WHEN s.down >= excluded.failures_to_open THEN 3
                     WHEN b.opinion = 3 AND s.clear < excluded.successes_to_close THEN 3
                     WHEN s.impaired >= excluded.failures_to_open THEN 2
                     WHEN b.opinion = 2 AND s.up < excluded.successes_to_close THEN 2
                     WHEN b.opinion IN (2, 3) THEN 1
                     WHEN excluded.last_status = 1 THEN 1
                     ELSE b.opinion END AS opinion,
                CASE WHEN excluded.expiring_streak = 1
                         THEN b.expiring OR s.asking >= excluded.failures_to_open
                     ELSE b.expiring AND excluded.last_status IN (3, 4) END AS expiring
        ) AS o
    )
    WHERE r.config_revision < excluded.config_revision
        OR (r.config_revision = excluded.config_revision AND r.last_slot < excluded.last_slot)
    RETURNING r.monitor_id, r.region_id, r.last_slot AS slot,
        r.opinion_slot IS NOT DISTINCT FROM r.last_slot AS flipped,
        r.opinion <> 3 AND (r.down_streak > 0 OR (r.impaired_streak > 0 AND r.opinion <> 2)) AS unconfirmed
)
SELECT monitor_id, region_id, slot, flipped, unconfirmed
FROM folded
WHERE flipped OR unconfirmed

-- name: store_details
-- The assertions and the evidence of checks that failed or changed something, and were stored: where another worker
-- has recorded the slot, what this one saw of it later says nothing of that check.
INSERT INTO check_details (monitor_id, slot, region_id, workspace_id, assertions, evidence)
SELECT u.monitor_id, u.slot, u.region_id, m.workspace_id, u.assertions::jsonb, u.evidence::jsonb
FROM unnest($1::uuid[], $2::timestamptz[], $3::smallint[], $4::timestamptz[], $5::text[], $6::text[])
    AS u (monitor_id, slot, region_id, checked_at, assertions, evidence)
JOIN monitors AS m ON m.id = u.monitor_id AND m.deleted_at IS NULL
JOIN checks AS c
    ON c.monitor_id = u.monitor_id AND c.slot = u.slot AND c.region_id = u.region_id AND c.checked_at = u.checked_at
ON CONFLICT DO NOTHING

-- name: keep_facts
-- What the next check of a monitor's region is handed; written only where it is new and newer.
INSERT INTO probe_facts AS f (monitor_id, region_id, workspace_id, slot, facts)
SELECT u.monitor_id, u.region_id, m.workspace_id, u.slot, u.facts::jsonb
FROM unnest($1::uuid[], $2::smallint[], $3::timestamptz[], $4::text[])
    AS u (monitor_id, region_id, slot, facts)
JOIN monitors AS m ON m.id = u.monitor_id AND m.deleted_at IS NULL
ORDER BY u.monitor_id, u.region_id
ON CONFLICT (monitor_id, region_id) DO UPDATE SET slot = excluded.slot, facts = excluded.facts
WHERE f.slot < excluded.slot AND f.facts IS DISTINCT FROM excluded.facts
