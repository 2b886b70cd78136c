-- name: tags
-- The tags of a workspace; where sight is bounded, those that a monitor in sight wears.
-- $1 workspace, $2 projects in sight (null: all).
SELECT t.id, t.name, lower(t.name) AS name_key
FROM tags AS t
WHERE t.workspace_id = $1
    AND ($2::uuid[] IS NULL OR EXISTS (
        SELECT FROM monitor_tags AS mt JOIN monitors AS m ON m.id = mt.monitor_id
        WHERE mt.tag_id = t.id AND m.deleted_at IS NULL AND m.project_id = ANY($2)))

-- name: tags_of_monitors
-- The tags that any of the monitors has, by name, each with those that have it.
SELECT t.id, t.name, array_agg(mt.monitor_id) AS monitors
FROM monitor_tags AS mt
JOIN tags AS t ON t.id = mt.tag_id
WHERE t.workspace_id = $1 AND mt.monitor_id = ANY($2::uuid[])
GROUP BY t.id
ORDER BY lower(t.name)

-- name: monitor_counts
-- How many monitors in sight have each of the tags. $1 workspace, $2 projects in sight (null: all), $3 tags.
SELECT mt.tag_id, count(*) AS monitors
FROM monitor_tags AS mt
JOIN monitors AS m ON m.id = mt.monitor_id
WHERE m.workspace_id = $1 AND m.deleted_at IS NULL AND mt.tag_id = ANY($3::uuid[])
    AND ($2::uuid[] IS NULL OR m.project_id = ANY($2))
GROUP BY mt.tag_id
