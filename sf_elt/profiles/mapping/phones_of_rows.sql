SELECT dialled({text}) AS written
FROM {table}
