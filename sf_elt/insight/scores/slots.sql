-- What each profile did up to now, in slots of time no longer than the pause that ends a session: two events in one slot
-- always belong to one session. The only reading of the events, which are never sorted; there are far fewer slots.
-- Times are microseconds since 1970; slots are counted from the year 1, because // rounds what is negative upwards.
CREATE OR REPLACE TEMP TABLE slots AS
SELECT
    profile_id,
    min(epoch_us(occurred_at)) AS begins,
    max(epoch_us(occurred_at)) AS ends,
    count(*) AS events
FROM (
    {events}
)
WHERE occurred_at <= $now::TIMESTAMP
GROUP BY profile_id, (epoch_us(occurred_at) - epoch_us(TIMESTAMP '0001-01-01')) // $pause::BIGINT
