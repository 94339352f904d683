SELECT DISTINCT written
FROM (
    {phones}
)
WHERE written IS NOT NULL AND written NOT IN (SELECT phone_numbers.written FROM phone_numbers WHERE region = $region)
