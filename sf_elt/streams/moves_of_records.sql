SELECT '' AS name, "CreatedDate" AS happened_at, 1 AS came, 0 AS went FROM {stream} WHERE "CreatedDate" IS NOT NULL
UNION ALL
SELECT '', _deleted_at, 0, 1 FROM {stream} WHERE _deleted_at IS NOT NULL AND "CreatedDate" IS NOT NULL
