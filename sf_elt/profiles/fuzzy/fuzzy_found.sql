-- The scored pairs but those that share an identifier, the smaller of a pair's two first, with what agrees.
CREATE TABLE found_pairs AS
WITH sharing AS (
    SELECT DISTINCT number_l, number_r
    FROM {scored}
    JOIN shared AS one ON one.number = number_l
    JOIN shared AS another ON another.number = number_r AND another.key = one.key
),

paired AS (
    SELECT
        scored.* EXCLUDE (number_l, number_r),
        one.kind > another.kind OR (one.kind = another.kind AND one.value > another.value) AS is_turned,
        COLUMNS(one.*) AS '\0_l',
        COLUMNS(another.*) AS '\0_r'
    FROM {scored} AS scored
    ANTI JOIN sharing USING (number_l, number_r)
    JOIN compared AS one ON one.number = scored.number_l
    JOIN compared AS another ON another.number = scored.number_r
)

SELECT
    if(is_turned, stream_r, stream_l) AS stream,
    if(is_turned, record_id_r, record_id_l) AS record_id,
    if(is_turned, stream_l, stream_r) AS other_stream,
    if(is_turned, record_id_l, record_id_r) AS other_record_id,
    if(is_turned, kind_r, kind_l) AS kind,
    if(is_turned, value_r, value_l) AS value,
    if(is_turned, kind_l, kind_r) AS other_kind,
    if(is_turned, value_l, value_r) AS other_value,
    round(match_probability, 6) AS probability,
    {agreement} AS agreement
FROM paired
