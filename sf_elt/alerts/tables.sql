-- Incidents and the messages about them, in the SQLite file alerts.sqlite. Times are seconds since 1970, UTC.

CREATE TABLE IF NOT EXISTS incidents (
    incident TEXT PRIMARY KEY,
    kind TEXT NOT NULL,               -- as in kinds.py: failure, quota, …
    work TEXT NOT NULL,               -- the job, import or export within which it began
    began_at REAL NOT NULL,           -- since when it is wrong
    opened_at REAL NOT NULL,          -- when that was noticed
    closed_at REAL
);

-- What an incident is about: assets, or those who spend API calls.
CREATE TABLE IF NOT EXISTS subjects (
    incident TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    says TEXT NOT NULL,               -- the latest facts, in words; names and numbers only
    run_id TEXT,                      -- Dagster's latest run about it
    over_since REAL,                  -- null while it is wrong
    ended_at REAL,                    -- from here on the next time is another incident
    PRIMARY KEY (incident, subject)
);

CREATE UNIQUE INDEX IF NOT EXISTS one_open_incident ON subjects (kind, subject) WHERE ended_at IS NULL;

-- Each time that it was wrong, where times can be told apart: runs.
CREATE TABLE IF NOT EXISTS occurrences (
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    occurrence TEXT NOT NULL,
    incident TEXT NOT NULL,
    happened_at REAL NOT NULL,
    first_partition TEXT,
    last_partition TEXT,
    PRIMARY KEY (kind, subject, occurrence)
);

-- What each channel is to be told. A claim that was not ended in time is free again: its process was killed.
CREATE TABLE IF NOT EXISTS notices (
    number INTEGER PRIMARY KEY,
    incident TEXT NOT NULL,
    event TEXT NOT NULL,              -- opened | reminder | over | summary
    channel TEXT NOT NULL,
    queued_at REAL NOT NULL,
    due_at REAL NOT NULL,             -- 0: at once
    claimed_until REAL,
    tries INTEGER NOT NULL DEFAULT 0,
    sent_at REAL
);

CREATE INDEX IF NOT EXISTS notices_to_send ON notices (channel, number) WHERE sent_at IS NULL;

-- Messages that a channel has refused for good: they hold up no other one, and are tried again for a while.
CREATE TABLE IF NOT EXISTS refusals (
    number INTEGER PRIMARY KEY,       -- of the notice
    refused_at REAL NOT NULL,         -- for the first time
    because TEXT NOT NULL
);

-- Messages that came so late that one, the summary, is sent in their place.
CREATE TABLE IF NOT EXISTS summed (
    number INTEGER PRIMARY KEY,       -- of the notice
    summary INTEGER NOT NULL          -- of the notice that tells of it
);

CREATE TRIGGER IF NOT EXISTS notice_dropped AFTER DELETE ON notices
BEGIN
    DELETE FROM refusals WHERE number = old.number;
    DELETE FROM summed WHERE number = old.number;
END;

-- Up to when each stream had been read when the warehouse was looked at last.
CREATE TABLE IF NOT EXISTS reached (
    stream TEXT PRIMARY KEY,
    read_to REAL NOT NULL
);

-- When each kind was looked at last, and before that.
CREATE TABLE IF NOT EXISTS looks (
    kind TEXT PRIMARY KEY,
    looked_at REAL NOT NULL,
    before REAL
);

-- Since when something is watched of which nothing was ever read, or which cannot be read.
CREATE TABLE IF NOT EXISTS watched (
    subject TEXT PRIMARY KEY,
    since REAL NOT NULL
);
