-- {events} web events of {people} people in sessions of five on average. Everybody comes at least once; a few come very
-- often. Each has a first day, and comes for so long from there; in one session of five the person is logged in.
CREATE TABLE streams.web_events AS
SELECT
    'e' || i AS event_id,
    TIMESTAMP '2024-11-02' + to_seconds(
        (
            first_second + (63000000 - first_second) * stays * (hash(session * 9 + 4) % 1000003) / 1000003
            + (i % 5) * (20 + hash(session * 9 + 5) % 300)
        )::BIGINT
    ) AS occurred_at,
    CASE hash(i) % 5 WHEN 0 THEN 'form' WHEN 1 THEN 'click' ELSE 'page' END AS type,
    CASE WHEN hash(session * 9 + 6) % 5 = 0 THEN 'person' || person || '@example.com' END AS email,
    md5(person::VARCHAR) AS anonymous_id,
    'https://www.example.com/' || (hash(i * 9 + 7) % 300) AS url,
    NULL::VARCHAR AS title,
    NULL::VARCHAR[] AS topics,
    NULL::JSON AS properties,
    'events.jsonl' AS _file,
    i AS _line,
    TIMESTAMP '2026-11-01' AS _loaded_at
FROM (
    SELECT
        *,
        (hash(person * 9 + 1) % 60000000)::BIGINT AS first_second,
        CASE WHEN hash(person * 9 + 2) % 3 = 0 THEN 1.0 ELSE 0.2 END AS stays
    FROM (
        SELECT
            i,
            i // 5 AS session,
            CASE
                WHEN i // 5 < {people} THEN i // 5
                ELSE floor({people} * pow((hash(i // 5 * 9 + 3) % 1000003) / 1000003, 2))
            END::BIGINT AS person
        FROM range({events}) AS numbers (i)
    )
);
