-- A region without a worker takes no part in verdicts, from the moment that one of the others noticed it.
ALTER TABLE regions
    ADD COLUMN absent_since timestamptz,                  -- null while the region takes part
    ADD COLUMN is_settled boolean NOT NULL DEFAULT true;  -- its monitors were judged since it went or came back

-- Whose opinions count of each monitor; region 0 is that of passive kinds, which need no worker of a region.
CREATE VIEW regions_taking_part AS
    SELECT r.monitor_id, r.region_id, r.workspace_id
    FROM monitor_regions AS r
    JOIN regions AS g ON g.id = r.region_id AND g.absent_since IS NULL
    UNION ALL
    SELECT m.id, 0::smallint, m.workspace_id
    FROM monitors AS m
    WHERE m.is_passive;
