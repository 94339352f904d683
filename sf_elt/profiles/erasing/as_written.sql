-- What the rows say in a column, and the identifiers that the mapping makes of it.
SELECT DISTINCT CAST({column} AS VARCHAR) AS written, {value} AS identifiers
FROM {rows}
WHERE {column} IS NOT NULL
