-- Each profile with its scores: what a condition can be about. Scores are stored in a byte, which a difference or a sum of
-- two of them would leave.
CREATE OR REPLACE TEMP VIEW subjects AS
SELECT profiles.*, {scores}
FROM profiles.profiles AS profiles
LEFT JOIN insight.scores AS scores USING (profile_id)
