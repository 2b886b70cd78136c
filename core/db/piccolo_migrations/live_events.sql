-- Who follows a project is told of its monitors' changes; of a move, the followers of both projects.
ALTER TABLE events ADD COLUMN project_ids uuid[];
CREATE UNIQUE INDEX events_in_order ON events (sequence);                           -- read_feed

ALTER TABLE event_sequence
    ADD COLUMN purged_through bigint NOT NULL DEFAULT 0,  -- older cursors have expired: events after them are gone
    ADD COLUMN system_identifier bigint,                  -- of the cluster and the database in which the epoch began,
    ADD COLUMN database_oid oid,                          -- and when its server was started
    ADD COLUMN server_started_at timestamptz;

CREATE TABLE event_epochs (  -- epochs before the present one in which nothing up to a number was lost
    epoch uuid PRIMARY KEY,
    ended_after bigint NOT NULL
);
