SELECT '' AS name, occurred_at AS happened_at, 1 AS came, 0 AS went FROM {stream} WHERE occurred_at IS NOT NULL
