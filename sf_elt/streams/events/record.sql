-- How far a file has been read. Of the same file read as far before, the time and the counts are brought up to date.
MERGE INTO ops.event_files AS files
USING (
    SELECT
        $stream AS stream,
        $file AS file,
        $md5 AS md5,
        $rows_read AS rows_read,
        $rows_set_aside AS rows_set_aside,
        $read_at::TIMESTAMP AS read_at,
        $run_id AS run_id,
        $bytes_read AS bytes_read,
        $line_breaks AS line_breaks,
        $row_numbers AS row_numbers,
        $size AS size,
        $changed_ns AS changed_ns
) AS read
ON files.stream = read.stream AND files.file = read.file AND files.md5 = read.md5
WHEN MATCHED THEN UPDATE SET
    rows_read = files.rows_read + read.rows_read,
    rows_set_aside = files.rows_set_aside + read.rows_set_aside,
    read_at = read.read_at,
    run_id = read.run_id,
    bytes_read = read.bytes_read,
    line_breaks = read.line_breaks,
    row_numbers = read.row_numbers,
    size = read.size,
    changed_ns = read.changed_ns
WHEN NOT MATCHED THEN INSERT BY NAME
