-- What :channel is yet to be told of, and was found by a look that was the first one of its kind, or the first in
-- :unseen seconds: it has been wrong for a while, and did not just begin.
SELECT number
FROM notices
JOIN incidents USING (incident)
JOIN looks ON looks.kind = incidents.kind AND looks.looked_at = incidents.opened_at
WHERE
    channel = :channel
    AND event = 'opened'
    AND sent_at IS NULL
    AND claimed_until IS NULL
    AND tries = 0
    AND (before IS NULL OR looked_at - before > :unseen)
    AND number NOT IN (SELECT number FROM summed)
ORDER BY number
