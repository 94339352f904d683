-- Of several versions of a record the newest stays.
DELETE FROM {table}
WHERE rowid NOT IN (SELECT arg_max(rowid, {version}) FROM {table} GROUP BY "Id")
