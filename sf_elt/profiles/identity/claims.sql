-- Which of today's components keeps which of the profile ids that stand: an id goes to the component that has most of
-- its identifiers, and a component keeps the oldest id that came to it. The other ids that came to it become aliases.
CREATE OR REPLACE TEMP TABLE claims AS
WITH shared AS (
    SELECT
        known.profile_id,
        found_identifiers.component,
        count(*) AS identifiers,
        min({'kind': known.kind, 'value': known.value}) AS first_identifier
    FROM found_identifiers
    JOIN known_identifiers AS known USING (kind, value)
    WHERE found_identifiers.component IN (FROM living_components)
    GROUP BY known.profile_id, found_identifiers.component
),

won AS (
    SELECT profile_id, component
    FROM shared
    QUALIFY row_number() OVER (PARTITION BY profile_id ORDER BY identifiers DESC, first_identifier) = 1
)

SELECT
    won.component,
    won.profile_id,
    profiles.created_at,
    first_value(won.profile_id) OVER (PARTITION BY won.component ORDER BY profiles.created_at, won.profile_id) AS kept_id
FROM won
JOIN profiles.profiles AS profiles USING (profile_id)
