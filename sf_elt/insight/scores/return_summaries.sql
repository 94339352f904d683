-- How often, how recently and for how long each profile of a sample could come back, and how many share that history.
-- One profile in $one_in is in the sample, always the same ones.
SELECT active_days - 1 AS returns, first_age - last_age AS last_return, first_age AS age, count(*) AS people
FROM cadence
JOIN people USING (person)
WHERE md5_number_lower(profile_id) % $one_in::UBIGINT = 0
GROUP BY ALL
ORDER BY ALL
