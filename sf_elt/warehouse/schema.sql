-- The tables of the warehouse that do not depend on an org or a mapping. All times are UTC.
-- Made by sf_elt/warehouse: stream tables by sf_elt/streams, profiles.profiles by sf_elt/profiles.

CREATE SCHEMA IF NOT EXISTS streams;
CREATE SCHEMA IF NOT EXISTS profiles;
CREATE SCHEMA IF NOT EXISTS insight;
CREATE SCHEMA IF NOT EXISTS writeback;
CREATE SCHEMA IF NOT EXISTS ops;

CREATE TABLE IF NOT EXISTS ops.installed (version VARCHAR NOT NULL);

-- One row for each completed read of a window of a stream, committed with the window's rows.
CREATE TABLE IF NOT EXISTS ops.windows (
    stream VARCHAR NOT NULL,
    window_start TIMESTAMP NOT NULL,          -- [start, end) of the timestamp field, as asked for
    window_end TIMESTAMP NOT NULL,
    read_from TIMESTAMP NOT NULL,             -- start less the look-back
    read_to TIMESTAMP NOT NULL,               -- end, or the time of reading where the end lay in the future
    is_open BOOLEAN NOT NULL,                 -- true while the window's end lay in the future
    timestamp_field VARCHAR NOT NULL,         -- '' where the object was read whole
    transport VARCHAR NOT NULL,               -- rest | bulk | none (the org counted no rows)
    org_count BIGINT NOT NULL,                -- rows the org reported for what was read
    rows_read BIGINT NOT NULL,
    rows_new BIGINT NOT NULL,
    rows_changed BIGINT NOT NULL,
    rows_unchanged BIGINT NOT NULL,           -- re-read by the look-back, or older than what stands
    rows_deleted BIGINT NOT NULL,             -- of the new and changed ones, those the org has deleted
    newest TIMESTAMP,                         -- newest timestamp read
    api_calls INTEGER NOT NULL,
    seconds DOUBLE NOT NULL,
    run_id VARCHAR NOT NULL,
    completed_at TIMESTAMP NOT NULL
);
ALTER TABLE ops.windows ADD COLUMN IF NOT EXISTS asked_md5 VARCHAR;  -- of the object, its fields, and with deletes or not

-- Every field that came, went or changed its type.
CREATE TABLE IF NOT EXISTS ops.schema_changes (
    stream VARCHAR NOT NULL,
    field VARCHAR NOT NULL,
    change VARCHAR NOT NULL,                  -- added | dropped | returned | widened | kept (the column holds type_after too)
    type_before VARCHAR,
    type_after VARCHAR,
    seen_at TIMESTAMP NOT NULL
);

-- API calls as spent by each completed piece of work; the live count is in the ledger beside the warehouse.
CREATE TABLE IF NOT EXISTS ops.api_calls (
    job VARCHAR NOT NULL,                     -- import:STREAM or export:NAME
    run_id VARCHAR NOT NULL,
    calls INTEGER NOT NULL,
    org_used INTEGER,                         -- the org's own count, as it last said
    org_allowed INTEGER,
    noted_at TIMESTAMP NOT NULL
);

-- One row for each reconciliation of a stream with the org's Ids, committed with what it changed.
CREATE TABLE IF NOT EXISTS ops.reconciliations (
    stream VARCHAR NOT NULL,
    reconciled_at TIMESTAMP NOT NULL,
    judged_from TIMESTAMP NOT NULL,           -- records of [from, to) were judged: read before, and settled since
    judged_to TIMESTAMP NOT NULL,
    how VARCHAR NOT NULL,                     -- counts agree | some Ids compared | all Ids compared
    org_count BIGINT,                         -- living records that the org counts; null where it was not asked
    stream_count BIGINT NOT NULL,             -- living records of the stream
    ids_read BIGINT NOT NULL,
    rows_vanished BIGINT NOT NULL,            -- gone from the org without having been read as deleted
    rows_missed BIGINT NOT NULL,              -- in the org, and not or otherwise in the stream: read now
    rows_returned BIGINT NOT NULL,            -- of the missed ones, those that had vanished before
    api_calls INTEGER NOT NULL,
    seconds DOUBLE NOT NULL,
    run_id VARCHAR NOT NULL
);

-- Every record that was found gone from the org. One that came back lives in its stream again.
CREATE TABLE IF NOT EXISTS ops.vanished (
    stream VARCHAR NOT NULL,
    record_id VARCHAR NOT NULL,
    noticed_at TIMESTAMP NOT NULL,            -- also the _deleted_at of its row
    how VARCHAR NOT NULL,                     -- some Ids compared | all Ids compared | read whole
    run_id VARCHAR NOT NULL
);

-- One row for each refresh of a stream's calculated and related fields, committed with what it changed.
CREATE TABLE IF NOT EXISTS ops.refreshes (
    stream VARCHAR NOT NULL,
    refreshed_at TIMESTAMP NOT NULL,
    fields VARCHAR[] NOT NULL,                -- what was read: formulas, roll-ups, fields of related records
    transport VARCHAR NOT NULL,               -- rest | bulk | none (there is nothing to refresh)
    rows_compared BIGINT NOT NULL,            -- rows whose standing version is the one that was read
    rows_changed BIGINT NOT NULL,
    changed_by_field MAP(VARCHAR, BIGINT) NOT NULL,
    api_calls INTEGER NOT NULL,
    seconds DOUBLE NOT NULL,
    run_id VARCHAR NOT NULL
);

-- Fields that were read apart from their record (an import that was started with `fields`), and are newer than the rest
-- of its row. A row goes when the record has been read whole that late.
CREATE TABLE IF NOT EXISTS ops.read_apart (
    stream VARCHAR NOT NULL,
    record_id VARCHAR NOT NULL,
    field VARCHAR NOT NULL,
    version TIMESTAMP NOT NULL,               -- of the record that the field's value is from
    read_at TIMESTAMP NOT NULL
);

-- Input that could not be read: nothing is lost, it waits here with its reason.
CREATE TABLE IF NOT EXISTS ops.set_aside (
    stream VARCHAR NOT NULL,
    file VARCHAR NOT NULL,                    -- of events; of a value of the org, RECORD.FIELD
    line BIGINT NOT NULL,                     -- counted from 1; 0 of a value of the org
    reason VARCHAR NOT NULL,
    content VARCHAR NOT NULL,
    set_aside_at TIMESTAMP NOT NULL
);
ALTER TABLE ops.set_aside ADD COLUMN IF NOT EXISTS row_number BIGINT;  -- from 1; null in rows of older versions

-- Event files that have been read, by content, so that each is read exactly once. A row for each reading: how far the
-- file had been read after it, and the md5 of what had been read. Rows of older versions have null below read_at.
CREATE TABLE IF NOT EXISTS ops.event_files (
    stream VARCHAR NOT NULL,
    file VARCHAR NOT NULL,
    md5 VARCHAR NOT NULL,
    rows_read BIGINT NOT NULL,
    rows_set_aside BIGINT NOT NULL,
    read_at TIMESTAMP NOT NULL
);
ALTER TABLE ops.event_files ADD COLUMN IF NOT EXISTS bytes_read BIGINT;
ALTER TABLE ops.event_files ADD COLUMN IF NOT EXISTS line_breaks BIGINT;     -- in those bytes
ALTER TABLE ops.event_files ADD COLUMN IF NOT EXISTS row_numbers BIGINT;     -- given to rows so far
ALTER TABLE ops.event_files ADD COLUMN IF NOT EXISTS size BIGINT;            -- of the file when it was last looked at
ALTER TABLE ops.event_files ADD COLUMN IF NOT EXISTS changed_ns BIGINT;      -- ctime of the file then
ALTER TABLE ops.event_files ADD COLUMN IF NOT EXISTS run_id VARCHAR;         -- that read it, or looked at it, last

-- Who was erased on request, as keyed digests (sf_elt/warehouse/erased.py): rows that come with one are kept out.
CREATE TABLE IF NOT EXISTS ops.erased (
    kind VARCHAR NOT NULL,                    -- record | email | value | phone | columns
    stream VARCHAR NOT NULL,                  -- of the last three: where it stands; '' for what counts anywhere
    field VARCHAR NOT NULL,                   -- of columns: their names, as a list in JSON
    prefix VARCHAR,                           -- of a record: the object that its Id begins with
    digest VARCHAR NOT NULL,                  -- HMAC-SHA256
    bucket INTEGER NOT NULL,                  -- 20 bits of another keyed digest, for a quick look
    erased_at TIMESTAMP NOT NULL
);

-- The key of those digests, random, made with the first of them.
CREATE TABLE IF NOT EXISTS ops.erased_key (key BLOB NOT NULL);

-- The fields of streams that say whose a row is, by the mappings of all erasures.
CREATE TABLE IF NOT EXISTS ops.identifying_fields (
    stream VARCHAR NOT NULL,
    field VARCHAR NOT NULL,
    kind VARCHAR NOT NULL                     -- record | email | value | phone | columns
);

-- One row for each erasure, without personal data. It has come to its end where finished_at says when.
CREATE TABLE IF NOT EXISTS ops.erasures (
    asked_digest VARCHAR NOT NULL,            -- HMAC-SHA256 of the profile's id
    reason VARCHAR NOT NULL,
    erased_at TIMESTAMP NOT NULL,
    rows_erased MAP(VARCHAR, BIGINT) NOT NULL,    -- table → rows that went
    cells_emptied MAP(VARCHAR, BIGINT) NOT NULL,  -- table.column → cells of other rows that named the person
    finished_at TIMESTAMP                     -- when no file of the warehouse had any of it any more
);
ALTER TABLE ops.windows ADD COLUMN IF NOT EXISTS rows_kept_out BIGINT;    -- of erased people; null in rows of older versions

-- Each identifier belongs to one profile.
CREATE TABLE IF NOT EXISTS profiles.identifiers (
    kind VARCHAR NOT NULL,                    -- the user field that is an identifier: email, salesforce_lead_ids, …
    value VARCHAR NOT NULL,
    profile_id VARCHAR NOT NULL,
    first_seen TIMESTAMP NOT NULL
);

-- Which source row carries which identifier, and so belongs to which profile.
CREATE TABLE IF NOT EXISTS profiles.links (
    stream VARCHAR NOT NULL,
    record_id VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    value VARCHAR NOT NULL,
    profile_id VARCHAR NOT NULL,
    via VARCHAR NOT NULL                      -- identifier | converted lead | merged record | manual link | fuzzy
);

-- Links that a guard or an unlink by hand refused, with the rule's name.
CREATE TABLE IF NOT EXISTS profiles.refused_links (
    stream VARCHAR NOT NULL,
    record_id VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    value VARCHAR NOT NULL,
    rule VARCHAR NOT NULL,
    detail VARCHAR NOT NULL
);

-- Pairs of identifiers that are linked or kept apart by hand, as of the last build.
CREATE TABLE IF NOT EXISTS profiles.manual_links (
    kind VARCHAR NOT NULL,
    value VARCHAR NOT NULL,
    other_kind VARCHAR NOT NULL,
    other_value VARCHAR NOT NULL,
    apart BOOLEAN NOT NULL,
    pending BOOLEAN NOT NULL                  -- no row carries one of the two yet
);

-- Pairs of records that are probably one person, each with the identifiers by which the two are known.
CREATE TABLE IF NOT EXISTS profiles.fuzzy_pairs (
    stream VARCHAR NOT NULL,
    record_id VARCHAR NOT NULL,
    other_stream VARCHAR NOT NULL,
    other_record_id VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    value VARCHAR NOT NULL,
    other_kind VARCHAR NOT NULL,
    other_value VARCHAR NOT NULL,
    probability DOUBLE NOT NULL,
    -- for each compared field how well it agrees; weights are in bits: each doubles or halves the odds
    agreement STRUCT(field VARCHAR, level VARCHAR, weight DOUBLE)[] NOT NULL,
    computed_at TIMESTAMP NOT NULL
);

-- Fuzzy pairs that were probable enough to be links, as of the last build.
CREATE TABLE IF NOT EXISTS profiles.fuzzy_links (
    kind VARCHAR NOT NULL,
    value VARCHAR NOT NULL,
    other_kind VARCHAR NOT NULL,
    other_value VARCHAR NOT NULL,
    probability DOUBLE NOT NULL,
    pending BOOLEAN NOT NULL                  -- no row carries one of the two any more
);

-- Ids of profiles that were merged into an older one.
CREATE TABLE IF NOT EXISTS profiles.aliases (
    alias_id VARCHAR NOT NULL,
    profile_id VARCHAR NOT NULL,
    merged_at TIMESTAMP NOT NULL
);

-- What the last build of profiles read and found, as far as the next one needs it to read only what changed since.
CREATE TABLE IF NOT EXISTS profiles.rows_read (
    stream VARCHAR NOT NULL,
    record_id VARCHAR,
    contents UHUGEINT NOT NULL                -- md5 of all that the mapping reads of the row
);

-- The same of events, which come in batches and stay: a batch that stands as it was is not read again.
CREATE TABLE IF NOT EXISTS profiles.batches_read (
    stream VARCHAR NOT NULL,
    loaded_at TIMESTAMP,
    rows BIGINT NOT NULL,
    checksum UHUGEINT NOT NULL                -- of all that the mapping reads of the rows, in whatever order
);

-- Rows that carry identifiers and belong to no profile, for no row that lives carries one of their component.
CREATE TABLE IF NOT EXISTS profiles.dormant_links (
    stream VARCHAR NOT NULL,
    record_id VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    value VARCHAR NOT NULL,
    component VARCHAR NOT NULL                -- its first identifier, as kind:value
);

-- Rows that say something that a rule of the mapping could not read.
CREATE TABLE IF NOT EXISTS profiles.set_aside (
    stream VARCHAR NOT NULL,
    record_id VARCHAR,
    source VARCHAR NOT NULL,
    user_field VARCHAR NOT NULL,
    rows BIGINT NOT NULL
);

-- When the first value of a profile is due to be dropped from a set with keep_days.
CREATE TABLE IF NOT EXISTS profiles.expiring (
    profile_id VARCHAR NOT NULL,
    expires_at TIMESTAMP NOT NULL
);

-- One row for each build of profiles.
CREATE TABLE IF NOT EXISTS ops.profile_builds (
    number BIGINT NOT NULL,                   -- from 1
    run_id VARCHAR NOT NULL,
    built_at TIMESTAMP NOT NULL,
    made_from MAP(VARCHAR, VARCHAR) NOT NULL, -- the mapping, the guards, the streams' columns, the program → md5
    why_anew VARCHAR,                         -- why everything was read; null where only what changed was
    rows_changed BIGINT NOT NULL,             -- records of streams that the build before had not read like this
    profiles_rebuilt BIGINT NOT NULL
);

-- Behavioural scores, 0 to 100; a profile without behaviour has no row.
CREATE TABLE IF NOT EXISTS insight.scores (
    profile_id VARCHAR NOT NULL,
    quantity UTINYINT,                        -- how much this person has ever done, beside all others
    frequency UTINYINT,                       -- how often this person comes, beside all others
    recency UTINYINT,                         -- whether this person is still around, by their own past
    intensity UTINYINT,                       -- how much happens in one visit, beside all others
    momentum UTINYINT,                        -- more than usual (above 50) or less, by their own past
    computed_at TIMESTAMP NOT NULL
);
ALTER TABLE insight.scores ADD COLUMN IF NOT EXISTS propensity UTINYINT;   -- how likely to be back soon, beside all others; null without a model of who returns
ALTER TABLE insight.scores ADD COLUMN IF NOT EXISTS consistency UTINYINT;  -- how regularly this person comes; null with fewer than three active days
ALTER TABLE insight.scores ADD COLUMN IF NOT EXISTS maturity UTINYINT;     -- for how long this person has been known to act
ALTER TABLE insight.scores ADD COLUMN IF NOT EXISTS volatility UTINYINT;   -- how much this person's visits differ; null with a single session

-- How much a profile is interested in a topic, above 0 and up to 1; without a visit there is no row.
CREATE TABLE IF NOT EXISTS insight.affinities (
    profile_id VARCHAR NOT NULL,
    topic VARCHAR NOT NULL,
    affinity DOUBLE NOT NULL,
    visits BIGINT NOT NULL,
    last_visit_at TIMESTAMP NOT NULL,
    computed_at TIMESTAMP NOT NULL
);

-- Topics that a profile is interested in, one row for each profile that has any.
CREATE TABLE IF NOT EXISTS insight.interests (
    profile_id VARCHAR NOT NULL,
    top_topics VARCHAR NOT NULL,              -- the three of most interest, that of the most first: 'Data; Pricing; AI'
    affinities MAP(VARCHAR, DOUBLE) NOT NULL, -- topic in lower case → affinity
    computed_at TIMESTAMP NOT NULL
);

-- Audiences as last evaluated.
CREATE TABLE IF NOT EXISTS insight.audiences (
    audience VARCHAR NOT NULL,
    description VARCHAR NOT NULL,
    condition VARCHAR NOT NULL,
    definition_md5 VARCHAR NOT NULL,
    members BIGINT NOT NULL,
    evaluated_at TIMESTAMP NOT NULL
);

-- Every stay of a profile in an audience; left_at is null while it lasts.
CREATE TABLE IF NOT EXISTS insight.audience_members (
    audience VARCHAR NOT NULL,
    profile_id VARCHAR NOT NULL,
    entered_at TIMESTAMP NOT NULL,
    left_at TIMESTAMP,
    entered_because VARCHAR NOT NULL,         -- what had changed: person | definition (of the audience)
    left_because VARCHAR                      -- what had changed: person | definition | profile merged | profile gone
);

-- What an export means to send, committed before a request leaves.
CREATE TABLE IF NOT EXISTS writeback.plans (
    plan_id VARCHAR NOT NULL,
    export VARCHAR NOT NULL,
    object VARCHAR NOT NULL,
    operation VARCHAR NOT NULL,               -- create | update | upsert | delete | mirror | undo
    run_id VARCHAR NOT NULL,
    rows_planned BIGINT NOT NULL,
    rows_unchanged BIGINT NOT NULL,
    rows_set_aside BIGINT NOT NULL,
    status VARCHAR NOT NULL,                  -- waiting for approval | planned | sending | done | paused | superseded | rejected
    planned_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP
);
ALTER TABLE writeback.plans ADD COLUMN IF NOT EXISTS rows_by_operation MAP(VARCHAR, BIGINT); -- of those planned
ALTER TABLE writeback.plans ADD COLUMN IF NOT EXISTS rows_known BIGINT;       -- records that the export had written before
ALTER TABLE writeback.plans ADD COLUMN IF NOT EXISTS undoes VARCHAR;          -- an undo: the run whose writes it takes back
ALTER TABLE writeback.plans ADD COLUMN IF NOT EXISTS is_forced BOOLEAN;       -- an undo that deletes what was worked on, too
ALTER TABLE writeback.plans ADD COLUMN IF NOT EXISTS held_because VARCHAR;    -- why it needed approval; '' where it did not
ALTER TABLE writeback.plans ADD COLUMN IF NOT EXISTS approved_at TIMESTAMP;

CREATE TABLE IF NOT EXISTS writeback.plan_rows (
    plan_id VARCHAR NOT NULL,
    export VARCHAR NOT NULL,
    row_number BIGINT NOT NULL,
    profile_id VARCHAR NOT NULL,              -- '' for an event or a group that is nobody's
    record_id VARCHAR,                        -- 18 characters; null for a record to be created
    operation VARCHAR NOT NULL,               -- create | update | delete; of an undo undelete, too
    payload JSON NOT NULL,                    -- field → value to send; an explicit null clears
    payload_md5 VARCHAR NOT NULL,
    status VARCHAR NOT NULL,                  -- planned | in doubt | done
    attempt INTEGER NOT NULL DEFAULT 0
);
ALTER TABLE writeback.plan_rows ADD COLUMN IF NOT EXISTS subject_id VARCHAR;  -- the profile, event or group it is about
ALTER TABLE writeback.plan_rows ADD COLUMN IF NOT EXISTS trigger_md5 VARCHAR;
ALTER TABLE writeback.plan_rows ADD COLUMN IF NOT EXISTS changed_at TIMESTAMP; -- when the subject changed last
ALTER TABLE writeback.plan_rows ADD COLUMN IF NOT EXISTS sent_at TIMESTAMP;   -- when its last request left
ALTER TABLE writeback.plan_rows ADD COLUMN IF NOT EXISTS job_id VARCHAR;      -- of the bulk job that it went by
ALTER TABLE writeback.plan_rows ADD COLUMN IF NOT EXISTS expected JSON;       -- of an undo: what the org should hold, as we wrote it

-- What the org last confirmed for each record, compared with the next payload.
CREATE TABLE IF NOT EXISTS writeback.confirmed (
    export VARCHAR NOT NULL,
    record_id VARCHAR NOT NULL,
    profile_id VARCHAR NOT NULL,
    payload JSON NOT NULL,
    payload_md5 VARCHAR NOT NULL,
    confirmed_at TIMESTAMP NOT NULL
);
ALTER TABLE writeback.confirmed ADD COLUMN IF NOT EXISTS subject_id VARCHAR;
ALTER TABLE writeback.confirmed ADD COLUMN IF NOT EXISTS trigger_md5 VARCHAR;
ALTER TABLE writeback.confirmed ADD COLUMN IF NOT EXISTS was_created BOOLEAN;  -- by this export
ALTER TABLE writeback.confirmed ADD COLUMN IF NOT EXISTS undone MAP(VARCHAR, JSON); -- field → value that was put back since
ALTER TABLE writeback.confirmed ADD COLUMN IF NOT EXISTS is_kept BOOLEAN;      -- its deletion was undone: never deleted again

-- Which records the org was found to hold for a subject, by its matchers.
CREATE TABLE IF NOT EXISTS writeback.matches (
    export VARCHAR NOT NULL,
    subject_id VARCHAR NOT NULL,
    match_md5 VARCHAR NOT NULL,               -- of the values that were looked for
    outcome VARCHAR NOT NULL,                 -- one | none | several | contact | converted | incomplete | unusable | undone
    record_ids VARCHAR[] NOT NULL,
    message VARCHAR,
    looked_at TIMESTAMP NOT NULL
);

-- Records of other objects that fields refer to, by the value they were found by.
CREATE TABLE IF NOT EXISTS writeback.found_records (
    object VARCHAR NOT NULL,
    field VARCHAR NOT NULL,
    value VARCHAR NOT NULL,                   -- without outer spaces
    record_id VARCHAR,                        -- null where there is none, or several
    found_at TIMESTAMP NOT NULL
);

-- Every record's outcome, for ever.
CREATE TABLE IF NOT EXISTS writeback.sync_log (
    run_id VARCHAR NOT NULL,
    plan_id VARCHAR NOT NULL,
    export VARCHAR NOT NULL,
    profile_id VARCHAR NOT NULL,
    record_id VARCHAR,
    operation VARCHAR NOT NULL,
    changed_fields VARCHAR[] NOT NULL,
    status VARCHAR NOT NULL,                  -- succeeded | failed | set aside
    code VARCHAR,                             -- Salesforce's statusCode, or our own rule's name
    message VARCHAR,                          -- Salesforce's own message
    retryable BOOLEAN NOT NULL DEFAULT false,
    attempt INTEGER NOT NULL,
    transport VARCHAR NOT NULL,
    logged_at TIMESTAMP NOT NULL
);
ALTER TABLE writeback.sync_log ADD COLUMN IF NOT EXISTS subject_id VARCHAR;   -- null in rows of older versions: the profile
ALTER TABLE writeback.sync_log ADD COLUMN IF NOT EXISTS payload_md5 VARCHAR;

-- What sync_log has last of each record, where that is no success: few rows, so that no plan has to read the whole log.
-- A warehouse of an older version gets them from its log.
CREATE TABLE IF NOT EXISTS writeback.refusals AS
SELECT export, subject_id, record_id, unnest(latest)
FROM (
    SELECT
        export,
        coalesce(subject_id, profile_id) AS subject_id,
        record_id,
        arg_max(
            {
                'status': status,                 -- failed | set aside
                'code': code,
                'message': message,
                'retryable': retryable,
                'payload_md5': payload_md5,
                'logged_at': logged_at
            },
            log.rowid                             -- and not the time: clocks are set back
        ) AS latest
    FROM writeback.sync_log AS log
    GROUP BY ALL
)
WHERE latest.status <> 'succeeded';

-- The org's values before we wrote, so that a run can be undone.
CREATE TABLE IF NOT EXISTS writeback.previous_values (
    run_id VARCHAR NOT NULL,
    plan_id VARCHAR NOT NULL,
    export VARCHAR NOT NULL,
    record_id VARCHAR NOT NULL,
    field VARCHAR NOT NULL,
    value VARCHAR,
    read_at TIMESTAMP NOT NULL
);
