INSERT INTO affected_groups
SELECT DISTINCT other
FROM ties
WHERE group_name IN (FROM affected_groups) AND other NOT IN (FROM affected_groups)
