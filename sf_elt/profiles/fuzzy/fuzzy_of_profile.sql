-- The fuzzy links between identifiers of the profile, the most probable first; those that a guard refused are not there.
SELECT
    pair.stream,
    pair.record_id,
    pair.other_stream,
    pair.other_record_id,
    pair.probability,
    pair.agreement
FROM profiles.fuzzy_pairs AS pair
SEMI JOIN profiles.fuzzy_links AS taken USING (kind, value, other_kind, other_value)
JOIN profile_links AS one ON one.via = 'fuzzy' AND one.kind = pair.kind AND one.value = pair.value
JOIN profile_links AS another
    ON another.via = 'fuzzy'
    AND another.record_id = one.record_id
    AND another.kind = pair.other_kind
    AND another.value = pair.other_value
ORDER BY pair.probability DESC, pair.stream, pair.record_id, pair.other_stream, pair.other_record_id
