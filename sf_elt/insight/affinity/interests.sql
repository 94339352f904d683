-- Each profile's affinities in one row: the topics of most interest as a text, and all of them by their key.
INSERT INTO insight.interests BY NAME
SELECT
    profile_id,
    array_to_string(list(topic ORDER BY affinity DESC, key)[:$top], '; ') AS top_topics,
    map_from_entries(list({'key': key, 'value': affinity} ORDER BY affinity DESC, key)) AS affinities,
    $now::TIMESTAMP AS computed_at
FROM computed_affinities
GROUP BY profile_id
