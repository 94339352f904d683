-- The rows of landed Bulk 2.0 pages, with the types the org describes. An empty field is null.
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
    max_line_size = {max_line_size},
    buffer_size = {buffer_size}
) AS landed
