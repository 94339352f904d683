-- What could not be read, by the kind of reason: what follows its colon is the value itself, somebody's data perhaps.
SELECT
    stream,
    split_part(reason, ':', 1) AS reason,
    count(*) AS rows,
    count(*) FILTER (set_aside_at > $week_ago::TIMESTAMP) AS this_week,
    max(set_aside_at) AS latest_at
FROM ops.set_aside
GROUP BY ALL
ORDER BY rows DESC, stream, reason
