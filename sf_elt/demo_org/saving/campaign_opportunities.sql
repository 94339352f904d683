WITH totals AS (
    SELECT
        campaign."Id",
        count(opportunity."Id") AS opportunities,
        count(*) FILTER (opportunity."IsWon") AS won,
        coalesce(sum(opportunity."Amount"), 0) AS amount,
        coalesce(sum(opportunity."Amount") FILTER (opportunity."IsWon"), 0) AS won_amount
    FROM records."Campaign" AS campaign
    LEFT JOIN records."Opportunity" AS opportunity
        ON opportunity."CampaignId" = campaign."Id"
        AND NOT opportunity."IsDeleted"
    WHERE campaign."Id" IN (SELECT unnest($ids))
    GROUP BY campaign."Id"
)
UPDATE records."Campaign" AS campaign
SET
    "NumberOfOpportunities" = totals.opportunities,
    "NumberOfWonOpportunities" = totals.won,
    "AmountAllOpportunities" = totals.amount,
    "AmountWonOpportunities" = totals.won_amount
FROM totals
WHERE campaign."Id" = totals."Id"
