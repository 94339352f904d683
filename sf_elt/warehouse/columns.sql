-- The columns of a table or view, in their own order.
SELECT column_name AS "column", data_type AS type, comment AS holds
FROM duckdb_columns()
WHERE database_name = current_database() AND schema_name = $1 AND table_name = $2
ORDER BY column_index
