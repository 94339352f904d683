UPDATE insight.audience_members AS stay
SET left_at = $now::TIMESTAMP, left_because = moves.because
FROM moves
WHERE
    NOT moves.enters AND stay.left_at IS NULL AND stay.audience = moves.audience AND stay.profile_id = moves.profile_id
