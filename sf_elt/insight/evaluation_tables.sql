CREATE OR REPLACE TEMP TABLE defined (audience VARCHAR, position INTEGER, change VARCHAR, former_known BOOLEAN);
CREATE OR REPLACE TEMP TABLE current_members (audience VARCHAR, profile_id VARCHAR);
CREATE OR REPLACE TEMP TABLE former_members (audience VARCHAR, profile_id VARCHAR)
