UPDATE records."Opportunity" AS opportunity
SET "ContactId" = (
    SELECT max(role."ContactId")
    FROM records."OpportunityContactRole" AS role
    WHERE role."OpportunityId" = opportunity."Id"
      AND role."IsPrimary"
      AND NOT role."IsDeleted"
)
WHERE opportunity."Id" IN (SELECT unnest($ids))
