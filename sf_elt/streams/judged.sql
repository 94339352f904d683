-- Rows with what of the erased each of them says, whether that is anything, and whether the row is an erased person's own.
-- Only rows that the quick look finds suspect are looked at closely.
SELECT *, CASE WHEN _named THEN {own} ELSE false END AS _own
FROM (
    SELECT *, coalesce(len(_said) > 0, false) AS _named
    FROM (
        SELECT *, CASE WHEN _suspect THEN {said} END AS _said
        FROM (
            SELECT *, {suspect} AS _suspect
            FROM (
{rows}
            )
        )
    )
)
