-- Lines of files as they were read, with where they stand. Without an event of its own the content is the event.
CREATE OR REPLACE TEMP TABLE lines_read (
    file VARCHAR,
    line BIGINT,
    row_number BIGINT,
    content VARCHAR,
    event VARCHAR,
    problem VARCHAR
)
