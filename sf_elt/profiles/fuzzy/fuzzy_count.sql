-- How many pairs of records are equal in all of these.
SELECT coalesce(sum(records * (records - 1) // 2), 0)::BIGINT
FROM (
    SELECT count(*) AS records
    FROM compared
    WHERE is_rare_{number}
    GROUP BY {columns}
)
