UPDATE records."{parent}" AS parent
SET "LastActivityDate" = greatest(parent."LastActivityDate", activity.latest)
FROM (
    SELECT "{reference}" AS parent_id, max("ActivityDate") AS latest
    FROM records."{child}"
    WHERE "{reference}" IN (SELECT unnest($ids)) AND {past} AND NOT "IsDeleted"
    GROUP BY "{reference}"
) AS activity
WHERE parent."Id" = activity.parent_id
