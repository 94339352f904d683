-- The share of the other users who rank below, where ties share the lowest rank; alone, a user is in the middle.
CREATE OR REPLACE TEMP MACRO share_below(place, users) AS
    CASE WHEN users = 1 THEN 0.5 ELSE (place - 1) / (users - 1) END
