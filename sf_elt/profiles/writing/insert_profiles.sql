INSERT INTO profiles.profiles (profile_id, created_at, updated_at, {fields})
SELECT profile_id, created_at, $now::TIMESTAMP, {fields}
FROM {built}
