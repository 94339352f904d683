-- A few members of an audience: the same ones for as long as they are members.
SELECT {columns}
FROM subjects
WHERE profile_id IN (SELECT profile_id FROM current_members WHERE audience = $audience)
ORDER BY md5(profile_id)
LIMIT $rows
