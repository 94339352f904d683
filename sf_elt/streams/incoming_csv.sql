-- The rows of all landed Bulk 2.0 pages at once, with the types the org describes. An empty field is null.
CREATE TEMP TABLE incoming AS
SELECT
    {columns},
    $loaded_at::TIMESTAMP AS _loaded_at,
    $window AS _window,
    {deleted_at} AS _deleted_at,
    {version} AS _changed_at
FROM
    read_csv(
        $files,
        columns = {types},
        auto_detect = false,
        header = true,
        delim = ',',
        quote = '"',
        escape = '"',
        new_line = '\n',
        nullstr = '',
        allow_quoted_nulls = true,
        max_line_size = {max_line_size}
    ) AS landed
