-- Who enters and who leaves which audience, and whether the person changed or the audience's definition did: under a
-- changed definition, those whom the former one would have moved as well moved by themselves.
CREATE OR REPLACE TEMP TABLE moves AS
SELECT
    audience,
    profile_id,
    current_members.profile_id IS NOT NULL AS enters,
    CASE
        WHEN current_members.profile_id IS NULL AND profile_id NOT IN (SELECT profile_id FROM profiles.profiles)
            THEN 'profile gone'
        WHEN defined.change IS NULL THEN 'definition'
        WHEN defined.change = 'same' THEN 'person'
        WHEN defined.change = 'new' OR NOT defined.former_known THEN 'definition'
        WHEN (former_members.profile_id IS NOT NULL) = (current_members.profile_id IS NOT NULL) THEN 'person'
        ELSE 'definition'
    END AS because
FROM open_stays
FULL JOIN current_members USING (audience, profile_id)
LEFT JOIN former_members USING (audience, profile_id)
LEFT JOIN defined USING (audience)
WHERE open_stays.profile_id IS NULL OR current_members.profile_id IS NULL
