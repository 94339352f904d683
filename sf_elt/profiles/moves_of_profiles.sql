SELECT '' AS name, created_at AS happened_at, 1 AS came, 0 AS went FROM profiles.profiles
