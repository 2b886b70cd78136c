-- One check on its way to the recorder: a batch travels as one array of these (docs/adr/0016).
-- Moments are microseconds since 1970, which cost a tenth of what a timestamp does to send.
CREATE TYPE found_check AS (
    monitor_id uuid,
    region_id smallint,
    slot_us bigint,
    id uuid,
    status smallint,
    checked_us bigint,
    config_revision integer,
    asks_expiry boolean,
    response_us integer,
    dns_us integer,
    connect_us integer,
    tls_us integer,
    first_byte_us integer,
    transfer_us integer,
    status_code smallint,
    error text
);
