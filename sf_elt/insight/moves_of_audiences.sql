-- Every entering and leaving of the audiences of the last evaluation, and whether it was the person's own doing.
SELECT audience AS name, entered_at AS happened_at, 1 AS came, 0 AS went, entered_because = 'person' AS by_themselves
FROM insight.audience_members
SEMI JOIN insight.audiences USING (audience)
UNION ALL
SELECT audience, left_at, 0, 1, left_because <> 'definition'
FROM insight.audience_members
SEMI JOIN insight.audiences USING (audience)
WHERE left_at IS NOT NULL
