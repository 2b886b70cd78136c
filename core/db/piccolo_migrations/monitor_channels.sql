-- Channels of a monitor's own: core/monitors/monitor_channels.py.
ALTER TABLE channels
    ADD COLUMN monitor_id uuid,  -- the monitor that it was made for, and is told of alone; null: the workspace's
    -- It ended with its monitor, or was left out of the monitor's channels: it is deleted, but for the recoveries that it
    -- is owed.
    ADD COLUMN is_retired boolean NOT NULL DEFAULT false;
CREATE INDEX channels_monitor ON channels (monitor_id) WHERE monitor_id IS NOT NULL;  -- those that end with it

CREATE TABLE monitor_channels (  -- what a monitor says of channels, in the order of its list
    monitor_id uuid NOT NULL,
    channel_id uuid NOT NULL,
    workspace_id uuid NOT NULL,
    place smallint NOT NULL,
    is_enabled boolean NOT NULL,
    PRIMARY KEY (monitor_id, channel_id)
);
CREATE INDEX monitor_channels_channel ON monitor_channels (channel_id);  -- a channel that is deleted
