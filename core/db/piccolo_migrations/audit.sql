CREATE TABLE audit_entries (  -- for 90 days
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL,
    at timestamptz NOT NULL,
    user_id uuid,    -- null: the operator
    token_id uuid,   -- that spoke for the user
    action text NOT NULL,
    subject text NOT NULL,  -- the prefix of its public id
    subject_id uuid NOT NULL,
    before jsonb,    -- without secrets, as `after`
    after jsonb
);
CREATE INDEX audit_entries_workspace ON audit_entries (workspace_id, id);  -- the list, latest first
CREATE INDEX audit_entries_at ON audit_entries (at);  -- housekeeping
