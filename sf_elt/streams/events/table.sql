-- An event stream. _file and _line say where each row came from.
CREATE TABLE IF NOT EXISTS {stream} (
    event_id VARCHAR,
    occurred_at TIMESTAMP,
    type VARCHAR,
    email VARCHAR,
    anonymous_id VARCHAR,
    url VARCHAR,
    title VARCHAR,
    topics VARCHAR[],
    properties JSON,
    _file VARCHAR,
    _line BIGINT,
    _loaded_at TIMESTAMP
)
