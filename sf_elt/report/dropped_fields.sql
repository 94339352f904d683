-- Fields that the org has dropped lately and not brought back.
SELECT stream, field, seen_at
FROM ops.schema_changes
WHERE change IN ('dropped', 'returned')
QUALIFY
    row_number() OVER (PARTITION BY stream, field ORDER BY seen_at DESC) = 1
    AND change = 'dropped'
    AND seen_at > $month_ago::TIMESTAMP
ORDER BY seen_at DESC, stream, field
