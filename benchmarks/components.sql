-- The connected components of the graph whose edges are the table edges (one, other), by DuckDB's recursion USING KEY:
-- each node that changed tells its neighbours, which take the smallest number told, until none is smaller than theirs.
-- A record is the node of its number, and has a smaller one than what else is a node.
CREATE TEMP TABLE joined_records AS
WITH RECURSIVE both_ways AS MATERIALIZED (
    SELECT one AS here, other AS there FROM edges
    UNION ALL
    SELECT other, one FROM edges
),

components (node, component) USING KEY (node) AS (
    SELECT DISTINCT here, here
    FROM both_ways
    UNION
    SELECT known.node, min(changed.component)
    FROM components AS changed
    JOIN both_ways ON both_ways.here = changed.node
    JOIN recurring.components AS known ON known.node = both_ways.there
    WHERE changed.component < known.component
    GROUP BY known.node
)

SELECT node AS record, component
FROM components
WHERE node < $records::UHUGEINT
