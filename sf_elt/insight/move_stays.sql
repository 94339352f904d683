UPDATE insight.audience_members AS stay
SET
    profile_id = CASE WHEN merged.goes_on THEN merged.profile_id ELSE stay.profile_id END,
    left_at = CASE WHEN merged.goes_on THEN NULL ELSE greatest($now::TIMESTAMP, stay.entered_at) END,
    left_because = CASE WHEN merged.goes_on THEN NULL ELSE 'profile merged' END
FROM merged_stays AS merged
WHERE stay.left_at IS NULL AND stay.audience = merged.audience AND stay.profile_id = merged.alias_id
