UPDATE records."{child}" AS activity
SET "AccountId" = coalesce(account."Id", opportunity."AccountId", contact."AccountId")
FROM records."{child}" AS self
LEFT JOIN records."Account" AS account ON account."Id" = self."WhatId"
LEFT JOIN records."Opportunity" AS opportunity ON opportunity."Id" = self."WhatId"
LEFT JOIN records."Contact" AS contact ON contact."Id" = self."WhoId"
WHERE activity."Id" = self."Id" AND self."Id" IN (SELECT unnest($ids))
