-- People who sign in: core/access/.
CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL,
    workspace_id uuid NOT NULL,  -- the one in which the person works at the moment
    secret_sha256 bytea NOT NULL CONSTRAINT sessions_secret UNIQUE,
    user_agent text,
    created_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id, id);  -- lists, and the end of all at once

CREATE TABLE password_resets (
    secret_sha256 bytea PRIMARY KEY,
    user_id uuid,  -- null: nobody has an account under the address, which the work must not tell
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX password_resets_user ON password_resets (user_id);

CREATE TABLE attempts (  -- a bucket for each account and each address at each door: core/access/attempts.py
    key bytea PRIMARY KEY,
    drained_at timestamptz NOT NULL
);
