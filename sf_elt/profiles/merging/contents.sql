SELECT record, record_id, {identifiers} AS identifiers, hash({values}) AS contents
FROM {rows}
WHERE record IN (SELECT record FROM tied_rows)
