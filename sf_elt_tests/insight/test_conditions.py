"""Audience conditions are expressions over known fields, and nothing else."""

from datetime import UTC, datetime, timedelta, timezone

import duckdb
import pytest

from sf_elt.insight.conditions import MAX_LENGTH, ConditionRefused, parse_condition

COLUMNS = ["email", "salesforce_lead_status", "salesforce_lead_ids", "amount", "created_at", "quantity"]
NOW = datetime(2026, 11, 1, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("salesforce_lead_stats = 'Open'", "no field `salesforce_lead_stats` (did you mean salesforce_lead_status?)"),
        ("profiles.email = 'a'", "write `email` instead of `profiles.email`"),
        ("email = 'a'; DROP TABLE profiles", "one expression, without a semicolon"),
        ("DROP TABLE profiles", "a condition is a plain expression"),
        ("SELECT true", "a condition is a plain expression"),
        ("email IN (SELECT email FROM profiles)", "a condition is a plain expression"),
        ("EXISTS (FROM profiles)", "`exists` is not accepted"),
        ("quantity > (SELECT 1)", "`(SELECT 1)` is not accepted"),
        ("read_text('/etc/passwd') = ''", "`read_text` is not accepted"),
        ("read_csv('x') = ''", "`read_csv` is not accepted"),
        ("getenv('HOME') = email", "`getenv` is not accepted"),
        ("lowr(email) = 'a'", "`lowr` is not accepted (did you mean lower?)"),
        ("count(*) > 1", "`count` is not accepted"),
        ("'00Q' = ANY(salesforce_lead_ids)", "`ANY` is not accepted: write list_contains(salesforce_lead_ids, value)"),
        ("email LIKE ANY(salesforce_lead_ids)", "`ANY` is not accepted"),
        ("email LIKE salesforce_lead_status ESCAPE '!'", "a pattern with ESCAPE is a text in quotes"),
        ("email LIKE 'a!!!' ESCAPE '!'", "that does not end with the escape character"),
        ("email::INET = '1.2.3.4'", "the type `inet` is not accepted"),  # DuckDB would download an extension
        ("CAST(amount AS doubel) > 1", "the type `doubel` is not accepted (did you mean double?)"),
        ("rank() OVER (ORDER BY quantity) = 1", "not accepted"),
        ("list_filter(salesforce_lead_ids, x -> true) = []", "not accepted"),
        ("[x FOR x IN salesforce_lead_ids] = []", "not accepted"),
        ("COLUMNS('x') = 1", "not accepted"),
        ("email = ?", "not accepted"),
        ("email = $name", "not accepted"),
        ("*", "not accepted"),
        ("email =", "no SQL expression"),
        ("", "one expression"),
        ("-- nothing", "one expression"),
        ("email = '" + "x" * MAX_LENGTH + "'", f"{MAX_LENGTH} are accepted"),
        ("(" * 3000 + "true" + ")" * 3000, "nested too deeply"),
        ("amount" + "::INT" * 1900 + " = 3", "nested too deeply"),
        ("a." * 3000 + "b", "nested too deeply"),
    ],
)
def test_what_is_no_plain_expression_is_refused(text: str, says: str) -> None:
    """Statements, subqueries, files, the environment, parameters and unknown names are refused with a reason."""
    with pytest.raises(ConditionRefused) as refused:
        parse_condition(text, COLUMNS)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("text", "is_member"),
    [
        ("salesforce_lead_status IN ('Open', 'New') AND amount BETWEEN 1 AND 5", True),
        ("lower(email) LIKE '%@x.org' OR amount IS NULL", True),
        ("NOT (EMAIL ILIKE 'ADA%')", False),
        ("list_contains(salesforce_lead_ids, '00Q') AND len(salesforce_lead_ids) > 1", True),
        ("'00Q' IN salesforce_lead_ids", True),
        ("list_has_any(salesforce_lead_ids, ['no', '00Q'])", True),
        ("created_at > now() - INTERVAL 1 DAY", True),
        ("created_at > current_timestamp - INTERVAL '1 hour'", False),
        ("created_at >= today()", True),
        ("created_at::DATE = current_date AND year(created_at) = 2026", True),
        ("date_diff('minute', created_at, now()) = 750", True),
        ("date_trunc('month', created_at) = DATE '2026-11-01'", True),
        ("CASE WHEN quantity > 50 THEN amount ELSE 0 END = 2.5", True),
        ("coalesce(amount, 0) * 2 - 1 = 4 AND amount <> -1", True),
        ("regexp_matches(email, '^ada')", True),
        ("email LIKE 'ada!@%' ESCAPE '!' AND NOT email LIKE 'a!!' ESCAPE '!'", True),
        ("email = 'it''s; -- no comment'", False),
        ("quantity > 100", False),
        ("quantity::VARCHAR = '60' AND amount::DECIMAL(9, 1) = 2.5 AND TRY_CAST(email AS TEXT[]) IS NULL", True),
        ("TRY_CAST(email AS DOUBLE) IS NULL AND created_at::DATE::TIMESTAMPTZ <= now()::TIMESTAMPTZ", True),
    ],
)
def test_conditions_mean_in_duckdb_what_they_say(text: str, is_member: bool) -> None:
    """A checked condition evaluates as DuckDB would evaluate the text, with the given time for now()."""
    condition = parse_condition(text, COLUMNS)
    with duckdb.connect() as connection:
        found = connection.execute(
            f"""
            SELECT {condition.sql(NOW)} FROM (
                SELECT 'Ada@x.org'.lower() AS email, 'Open' AS salesforce_lead_status, 2.5 AS amount, 60 AS quantity,
                    ['00Q', '00R'] AS salesforce_lead_ids, TIMESTAMP '2026-11-01' AS created_at
            )
            """
        ).fetchall()
    assert found == [(is_member,)]


def test_now_is_utc() -> None:
    """The time of evaluation is compared in UTC, wherever the clock stands."""
    elsewhere = NOW.astimezone(timezone(timedelta(hours=9)))
    condition = parse_condition("created_at < now()", COLUMNS)
    assert condition.sql(elsewhere) == condition.sql(NOW)


def test_writing_it_differently_is_the_same_definition() -> None:
    """White space, letter case of names and comments do not change a definition; values do."""
    plain = parse_condition("email = 'a' and amount > 1", COLUMNS)
    assert parse_condition("Email='a'\n AND  amount>1 -- big", COLUMNS).fingerprint({}) == plain.fingerprint({})
    assert parse_condition("email = 'A' and amount > 1", COLUMNS).fingerprint({}) != plain.fingerprint({})


def test_all_faults_are_said_at_once() -> None:
    """Each fault of a condition is a sentence of its own."""
    with pytest.raises(ConditionRefused) as refused:
        parse_condition("emial = 'a' and amonut > 1 and sleep(1)", COLUMNS)
    assert len(refused.value.problems) == 3
