INSERT INTO insight.audience_members (audience, profile_id, entered_at, entered_because)
SELECT audience, profile_id, $now::TIMESTAMP, because
FROM moves
WHERE enters
