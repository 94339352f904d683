-- The identifiers that changed rows carry or carried, and those of links and unlinks by hand that came or went.
CREATE OR REPLACE TEMP TABLE reached AS
SELECT kind, value FROM occurrences JOIN kinds USING (kind_number)
UNION
SELECT kind, value FROM profiles.links SEMI JOIN changed_rows USING (stream, record_id)
UNION
SELECT kind, value FROM profiles.dormant_links SEMI JOIN changed_rows USING (stream, record_id)
UNION
SELECT kind, value FROM group_refusals SEMI JOIN changed_rows USING (stream, record_id)
UNION
SELECT kind, value FROM changed_pairs
UNION
SELECT other_kind, other_value FROM changed_pairs
