-- Every table and view of the warehouse, the documented views first. DuckDB keeps rows of tables as an estimate.
WITH listed AS (
    SELECT schema_name, view_name AS name, 'view' AS kind, NULL::BIGINT AS about, comment
    FROM duckdb_views()
    WHERE database_name = current_database() AND NOT internal
    UNION ALL
    SELECT schema_name, table_name, 'table', estimated_size, comment
    FROM duckdb_tables()
    WHERE database_name = current_database() AND NOT internal
)
SELECT schema_name AS schema, name, kind, about AS rows, comment AS holds
FROM listed
ORDER BY list_position(['main', 'profiles', 'insight', 'streams', 'writeback', 'ops'], schema_name), name
