SELECT audience AS name, entered_at AS happened_at, 1 AS came, 0 AS went
FROM insight.audience_members
SEMI JOIN insight.audiences USING (audience)
UNION ALL
SELECT audience, left_at, 0, 1
FROM insight.audience_members
SEMI JOIN insight.audiences USING (audience)
WHERE left_at IS NOT NULL
