"""SOQL: parsed by a grammar, checked against the schema, run by DuckDB.

    compiled = compile_query("SELECT Id, Account.Name FROM Contact WHERE Email != null", schema, now)
    connection.execute(json_statement(compiled, "62.0"), compiled.parameters)      # one JSON text a record
    connection.execute(f"COPY ({csv_statement(compiled)}) TO 'page.csv' (FORMAT csv, HEADER, FORCE_QUOTE *)", …)

What the demo org does not speak (GROUP BY, subqueries, TYPEOF, …) it refuses with Salesforce's own error codes:
`sf_elt.demo_org.errors.SoqlError`.
"""

from sf_elt.demo_org.errors import SoqlError
from sf_elt.demo_org.soql.compile import Column, Compiled, compile_query
from sf_elt.demo_org.soql.output import csv_statement, json_statement
from sf_elt.demo_org.soql.parse import parse

__all__ = ["Column", "Compiled", "SoqlError", "compile_query", "csv_statement", "json_statement", "parse"]
