WITH counts AS (
    SELECT
        campaign."Id",
        count(member."LeadId") AS leads,
        count(lead."Id") AS converted_leads,
        count(member."ContactId") AS contacts,
        count(*) FILTER (member."HasResponded") AS responses
    FROM records."Campaign" AS campaign
    LEFT JOIN records."CampaignMember" AS member
        ON member."CampaignId" = campaign."Id"
        AND NOT member."IsDeleted"
    LEFT JOIN records."Lead" AS lead
        ON lead."Id" = member."LeadId"
        AND lead."IsConverted"
    WHERE campaign."Id" IN (SELECT unnest($ids))
    GROUP BY campaign."Id"
)
UPDATE records."Campaign" AS campaign
SET
    "NumberOfLeads" = counts.leads,
    "NumberOfConvertedLeads" = counts.converted_leads,
    "NumberOfContacts" = counts.contacts,
    "NumberOfResponses" = counts.responses
FROM counts
WHERE campaign."Id" = counts."Id"
