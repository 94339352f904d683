-- Ends at :now what has been over for :settle seconds. What came back within a day has to be over for twice as long as the
-- time before, up to a day: what comes and goes every hour is told of a few times, and then it lasts.
UPDATE subjects SET ended_at = :now
WHERE
    ended_at IS NULL
    AND over_since <= :now - max(
        :settle,
        min(86400, :settle << (
            SELECT min(count(*), 16)
            FROM subjects AS earlier
            WHERE
                earlier.kind = subjects.kind
                AND earlier.subject = subjects.subject
                AND earlier.ended_at > subjects.over_since - 86400
        ))
    )
