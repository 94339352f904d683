-- Components that no standing profile id came to, each with the identifier that it is born from.
CREATE OR REPLACE TEMP TABLE newborn AS
SELECT component, min(concat(kind, ':', value)) AS born_from
FROM found_identifiers
WHERE component IN (FROM living_components) AND component NOT IN (SELECT component FROM claims)
GROUP BY component
