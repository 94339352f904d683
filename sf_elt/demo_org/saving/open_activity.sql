UPDATE records."Opportunity" AS opportunity
SET
    "HasOpenActivity" = EXISTS (
        SELECT 1
        FROM records."Task" AS task
        WHERE task."WhatId" = opportunity."Id"
          AND NOT task."IsClosed"
          AND NOT task."IsDeleted"
    ),
    "HasOverdueTask" = EXISTS (
        SELECT 1
        FROM records."Task" AS task
        WHERE task."WhatId" = opportunity."Id"
          AND NOT task."IsClosed"
          AND NOT task."IsDeleted"
          AND task."ActivityDate" < $today
    )
WHERE opportunity."Id" IN (SELECT unnest($ids))
