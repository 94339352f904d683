-- Open stays of merged profiles: the earliest one goes on as the surviving profile's, where that has none of its own.
CREATE OR REPLACE TEMP TABLE merged_stays AS
WITH open_stays AS (
    SELECT audience, profile_id, entered_at
    FROM insight.audience_members
    WHERE left_at IS NULL
)

SELECT
    stay.audience,
    stay.profile_id AS alias_id,
    aliases.profile_id,
    own.profile_id IS NULL
    AND row_number() OVER (
        PARTITION BY stay.audience, aliases.profile_id ORDER BY stay.entered_at, stay.profile_id
    ) = 1 AS goes_on
FROM open_stays AS stay
JOIN profiles.aliases AS aliases ON aliases.alias_id = stay.profile_id
LEFT JOIN open_stays AS own ON own.audience = stay.audience AND own.profile_id = aliases.profile_id
