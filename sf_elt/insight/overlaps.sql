-- How many profiles are in each of these audiences and in another one too.
SELECT one.audience, other.audience AS other, count(*) AS both
FROM current_members AS one
JOIN current_members AS other USING (profile_id)
WHERE list_contains($audiences::VARCHAR[], one.audience) AND one.audience <> other.audience
GROUP BY ALL
