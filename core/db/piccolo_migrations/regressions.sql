-- What becomes slower than it used to be: core/regressions/.
ALTER TABLE monitors
    ADD COLUMN regression_enabled boolean NOT NULL DEFAULT false,
    ADD COLUMN regression_threshold_percent smallint NOT NULL DEFAULT 50,
    ADD COLUMN regression_period_days smallint NOT NULL DEFAULT 7;
CREATE INDEX monitors_regression ON monitors (id)
    WHERE regression_enabled AND paused_at IS NULL AND deleted_at IS NULL;  -- reckon_baselines, recent_paces

CREATE TABLE response_baselines (  -- how long the target of a monitor usually takes to answer
    monitor_id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL,
    config_revision integer NOT NULL,  -- of another revision or another period it says nothing
    period_days smallint NOT NULL,
    reckoned_at timestamptz NOT NULL,
    region_ids smallint[] NOT NULL,    -- the regions with enough looks, and in the same order what is usual there
    region_us double precision[] NOT NULL,
    usual_us double precision          -- the mean of those; null: there were too few looks everywhere
);
