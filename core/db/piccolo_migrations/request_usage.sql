CREATE TABLE request_quotas (  -- what the API processes have taken of each workspace's requests of an hour
    workspace_id uuid NOT NULL,
    hour timestamptz NOT NULL,
    leased integer NOT NULL,
    granted integer NOT NULL,  -- the last chunk, for the process that took it
    PRIMARY KEY (workspace_id, hour)
) WITH (fillfactor = 80);
CREATE INDEX request_quotas_hour ON request_quotas (hour);  -- housekeeping

CREATE TABLE request_minutes (  -- for a day
    workspace_id uuid NOT NULL,
    minute timestamptz NOT NULL,
    operation text NOT NULL,
    requests integer NOT NULL,
    PRIMARY KEY (workspace_id, minute, operation)
) WITH (fillfactor = 80);
CREATE INDEX request_minutes_minute ON request_minutes (minute);  -- housekeeping

CREATE TABLE request_hours (  -- for 30 days
    workspace_id uuid NOT NULL,
    hour timestamptz NOT NULL,
    operation text NOT NULL,
    requests integer NOT NULL,
    PRIMARY KEY (workspace_id, hour, operation)
) WITH (fillfactor = 80);
CREATE INDEX request_hours_hour ON request_hours (hour);  -- housekeeping
