-- Living rows of the stream by the day, or month, on which they were made.
SELECT
    {made} AS made,
    count(*)
FROM {stream} AS standing
WHERE
    standing._deleted_at IS NULL
    AND standing.{timestamp_field} >= $judged_from
    AND {settled}
    AND {days}
GROUP BY made
