-- What the permission sets of a user grant, each right once: that of the profile, and those assigned.
WITH held AS (
    SELECT permission_set.*
    FROM records."PermissionSet" AS permission_set
    WHERE NOT permission_set."IsDeleted"
        AND (
            permission_set."ProfileId" = (SELECT "ProfileId" FROM records."User" WHERE "Id" = $user_id)
            OR permission_set."Id" IN (
                SELECT "PermissionSetId"
                FROM records."PermissionSetAssignment"
                WHERE "AssigneeId" = $user_id AND NOT "IsDeleted"
            )
        )
),

of_user AS (
    UNPIVOT (SELECT COLUMNS('^Permissions') FROM held) ON COLUMNS('^Permissions') INTO NAME right_name VALUE granted
),

of_objects AS (
    UNPIVOT (
        SELECT "SobjectType", COLUMNS('^Permissions')
        FROM records."ObjectPermissions"
        WHERE "ParentId" IN (SELECT "Id" FROM held) AND NOT "IsDeleted"
    ) ON COLUMNS('^Permissions') INTO NAME right_name VALUE granted
),

of_fields AS (
    UNPIVOT (
        SELECT "Field", COLUMNS('^Permissions')
        FROM records."FieldPermissions"
        WHERE "ParentId" IN (SELECT "Id" FROM held) AND NOT "IsDeleted"
    ) ON COLUMNS('^Permissions') INTO NAME right_name VALUE granted
)

SELECT 'user' AS kind, '' AS subject, right_name FROM of_user WHERE granted
UNION
SELECT 'object', lower("SobjectType"), right_name FROM of_objects WHERE granted
UNION
SELECT 'field', lower("Field"), right_name FROM of_fields WHERE granted
