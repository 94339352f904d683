-- Of the largest audiences: how many profiles are in which of them together. Bit n of `held` stands for the audience
-- at place n.
WITH
largest AS (
    SELECT audience, row_number() OVER (ORDER BY members DESC, audience) - 1 AS place
    FROM insight.audiences
    WHERE members > 0
    QUALIFY place < $most
),

held_by_profile AS (
    SELECT profile_id, bit_or(1::BIGINT << place::INTEGER) AS held
    FROM insight.audience_members
    JOIN largest USING (audience)
    WHERE left_at IS NULL
    GROUP BY profile_id
)

SELECT held, count(*) AS profiles
FROM held_by_profile
GROUP BY held
