-- One row a profile, as today's rows and mapping make it.
CREATE OR REPLACE TEMP {table} built_profiles AS
SELECT
    profile_id,
    created_at,
    {fields}
FROM component_profiles
{partials}
