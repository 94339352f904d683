INSERT INTO {stream} BY NAME
SELECT * EXCLUDE (verdict)
FROM judged_events
WHERE verdict = 'new'
