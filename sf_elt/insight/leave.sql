-- A stay never ends before it began, also where the clock was set back.
UPDATE insight.audience_members AS stay
SET left_at = greatest($now::TIMESTAMP, stay.entered_at), left_because = moves.because
FROM moves
WHERE
    NOT moves.enters AND stay.left_at IS NULL AND stay.audience = moves.audience AND stay.profile_id = moves.profile_id
