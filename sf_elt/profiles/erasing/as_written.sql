-- What the rows say in a column, or in several as a list in JSON, and the identifiers that the mapping makes of it.
SELECT DISTINCT {written} AS written, {value} AS identifiers
FROM {rows}
WHERE {written} IS NOT NULL
