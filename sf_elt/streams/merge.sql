-- Newest wins: drop incoming rows that are older than what stands, delete by Id, insert. No unique index: the same
-- result as MERGE INTO, many times faster. Runs in the transaction that also records the window.

-- Duplicates within one read: the newest version of each record stays.
DELETE FROM incoming
WHERE rowid NOT IN (SELECT arg_max(rowid, {version}) FROM incoming GROUP BY "Id");

-- How each incoming row stands to the stream, by its version and then by the time of reading.
CREATE TEMP TABLE verdicts AS
SELECT
    incoming."Id",
    CASE
        WHEN standing."Id" IS NULL THEN 'new'
        WHEN incoming.{version} > standing.{version} THEN 'changed'
        WHEN incoming.{version} < standing.{version} OR incoming._loaded_at < standing._loaded_at THEN 'older'
        ELSE 'same version'
    END AS verdict
FROM incoming
LEFT JOIN {stream} AS standing USING ("Id");

-- The same version read again differs only where a formula moved or a column is new.
CREATE TEMP TABLE differing AS
SELECT "Id"
FROM (
    SELECT {compared} FROM incoming
    SEMI JOIN (FROM verdicts WHERE verdict = 'same version') AS again USING ("Id")
    EXCEPT
    SELECT {compared} FROM {stream}
    SEMI JOIN (FROM verdicts WHERE verdict = 'same version') AS again USING ("Id")
);

UPDATE verdicts SET verdict = 'changed' WHERE "Id" IN (FROM differing);

-- What was saved again with nothing new in it but what our own exports write keeps the time of its last real change:
-- else our own writes would decide which of a person's records is the latest.
CREATE TEMP TABLE touched AS
SELECT {substance} FROM incoming
SEMI JOIN (FROM verdicts WHERE verdict = 'changed') AS moving USING ("Id")
EXCEPT
SELECT {substance} FROM {stream}
SEMI JOIN (FROM verdicts WHERE verdict = 'changed') AS moving USING ("Id");

UPDATE incoming
SET _changed_at = standing._changed_at
FROM {stream} AS standing
WHERE incoming."Id" = standing."Id" AND incoming."Id" NOT IN (SELECT "Id" FROM touched);

DELETE FROM {stream} WHERE "Id" IN (SELECT "Id" FROM verdicts WHERE verdict = 'changed');

INSERT INTO {stream} BY NAME
FROM incoming SEMI JOIN (FROM verdicts WHERE verdict IN ('new', 'changed')) AS moving USING ("Id");
