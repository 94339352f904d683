-- Each profile with its scores: what a condition can be about.
CREATE OR REPLACE TEMP VIEW subjects AS
SELECT profiles.*, {scores}
FROM profiles.profiles AS profiles
LEFT JOIN insight.scores AS scores USING (profile_id)
