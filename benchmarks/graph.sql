-- The graph of what records say: a node for each record and each identifier, an edge for each identifier said. A record
-- is its number, an identifier its md5_number: numbering the identifiers without gaps takes longer than it saves.
CREATE TEMP TABLE edges AS
SELECT record::UHUGEINT AS one, md5_number(concat(kind, ':', value)) AS other
FROM said
