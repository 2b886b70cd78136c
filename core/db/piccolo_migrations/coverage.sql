-- How far the looks of a region reach, and since when it is blind: core/checks/coverage.py.
ALTER TABLE region_states
    ADD COLUMN covered_until timestamptz,  -- null: nothing is promised, as of passive kinds and while paused
    ADD COLUMN blind_from timestamptz;     -- where coverage ended, while it is blind and until the look after that
