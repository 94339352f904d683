-- The records of all landed REST pages at once, with the types the org describes.
CREATE TEMP TABLE incoming AS
WITH landed AS (
    SELECT unnest(page.records) AS record
    FROM
        read_json(
            $files,
            columns = {{'records': {record_type}}},
            format = 'unstructured',
            maximum_object_size = {max_object_size}
        ) AS page
)
SELECT
    {columns},
    $loaded_at::TIMESTAMP AS _loaded_at,
    $window AS _window,
    {deleted_at} AS _deleted_at,
    {version} AS _changed_at
FROM landed
