-- Members and their invitations: core/access/.
ALTER TABLE members
    ADD COLUMN name text,  -- what whoever invited calls him, until he has an account
    ADD COLUMN invited_at timestamptz,
    ADD COLUMN is_confined boolean NOT NULL DEFAULT false;  -- to the projects of member_projects, be there none left
CREATE UNIQUE INDEX members_email ON members (workspace_id, lower(email));  -- an address once a workspace
CREATE INDEX members_of_user ON members (user_id);

CREATE TABLE member_projects (
    member_id uuid NOT NULL,
    project_id uuid NOT NULL,
    PRIMARY KEY (member_id, project_id)
);
CREATE INDEX member_projects_project ON member_projects (project_id);

CREATE TABLE invitations (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL,
    member_id uuid NOT NULL CONSTRAINT invitations_member UNIQUE,
    secret_sha256 bytea NOT NULL CONSTRAINT invitations_secret UNIQUE,
    created_by uuid,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX invitations_workspace ON invitations (workspace_id, id);
