-- The records of landed REST pages, with the types the org describes.
(
    SELECT unnest(page.records) AS record
    FROM
        read_json(
            $files,
            columns = {{'records': {record_type}}},
            format = 'unstructured',
            maximum_object_size = {max_object_size}
        ) AS page
) AS landed
