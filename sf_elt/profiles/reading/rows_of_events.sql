-- The distinct events of one stream, as far as the mapping can tell them apart, each with the time of its newest.
CREATE OR REPLACE TEMP TABLE {table} AS
SELECT $offset + row_number() OVER () - 1 AS record, *
FROM (
    {groups}
)
