-- name: create_tags
-- Makes the tags that are not there yet; another case of a name is the same tag. The workspace is locked.
-- $1 workspace, $2 ids, $3 names.
INSERT INTO tags (id, workspace_id, name)
SELECT wanted.id, $1, wanted.name FROM unnest($2::uuid[], $3::text[]) AS wanted(id, name)
ON CONFLICT (workspace_id, lower(name)) DO NOTHING

-- name: tag_ids
-- The tags of these names. $1 workspace, $2 names.
SELECT id FROM tags
WHERE workspace_id = $1 AND lower(name) IN (SELECT lower(wanted) FROM unnest($2::text[]) AS wanted)
ORDER BY id

-- name: attach_tags
-- Gives every one of the monitors every one of the tags, and says what was new. $1 workspace, $2 monitors, $3 tags.
WITH attached AS (
    INSERT INTO monitor_tags (monitor_id, tag_id, workspace_id)
    SELECT monitor_id, tag_id, $1 FROM unnest($2::uuid[]) AS monitor_id CROSS JOIN unnest($3::uuid[]) AS tag_id
    ON CONFLICT DO NOTHING
    RETURNING monitor_id, tag_id
)
SELECT a.monitor_id, t.name FROM attached AS a JOIN tags AS t ON t.id = a.tag_id

-- name: detach_tags
-- Takes the tags from the monitors, and says from which. $1 workspace, $2 monitors, $3 tags.
WITH detached AS (
    DELETE FROM monitor_tags WHERE workspace_id = $1 AND monitor_id = ANY($2) AND tag_id = ANY($3)
    RETURNING monitor_id, tag_id
)
SELECT d.monitor_id, t.name FROM detached AS d JOIN tags AS t ON t.id = d.tag_id

-- name: detach_other_tags
-- Takes all tags but these from the monitors, and says which. $1 workspace, $2 monitors, $3 tags that stay.
WITH detached AS (
    DELETE FROM monitor_tags WHERE workspace_id = $1 AND monitor_id = ANY($2) AND tag_id <> ALL($3)
    RETURNING monitor_id, tag_id
)
SELECT d.monitor_id, t.name FROM detached AS d JOIN tags AS t ON t.id = d.tag_id

-- name: delete_unused_tags
-- A tag lives as long as a monitor wears it. The workspace is locked. $1 workspace.
DELETE FROM tags t
WHERE t.workspace_id = $1
  AND NOT EXISTS (SELECT 1 FROM monitor_tags m WHERE m.workspace_id = $1 AND m.tag_id = t.id)
