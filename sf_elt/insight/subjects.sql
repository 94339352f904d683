-- Each profile with its scores and interests: what a condition can be about. Scores are stored in a byte, which a
-- difference or a sum of two of them would leave.
CREATE OR REPLACE TEMP VIEW subjects AS
SELECT profiles.*, {scores}, interests.top_topics, interests.affinities
FROM profiles.profiles AS profiles
LEFT JOIN insight.scores AS scores USING (profile_id)
LEFT JOIN insight.interests AS interests USING (profile_id)
