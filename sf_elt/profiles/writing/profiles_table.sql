CREATE TABLE IF NOT EXISTS profiles.profiles (
    profile_id VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL      -- when a user field of this profile last changed
)
;

COMMENT ON TABLE profiles.profiles IS 'One row a person: an id that stays, and every user field that the mapping fills.'
