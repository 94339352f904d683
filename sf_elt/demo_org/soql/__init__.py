"""SOQL: parsed by a grammar, checked against the schema, run by DuckDB.

    compiled = compile_query("SELECT Id, Account.Name FROM Contact WHERE Email != null", schema, now)
    connection.execute(json_statement(compiled, "62.0"), compiled.parameters)      # one JSON text a record
    connection.execute(f"COPY ({csv_statement(compiled)}) TO 'page.csv' (FORMAT csv, HEADER, FORCE_QUOTE *)", …)

What is wrong with a query is refused in Salesforce's own words: `sf_elt.demo_org.errors.SoqlError`.

    grammar.lark, parse.py, build.py    text → ast.py's Query
    compile.py                          Query → Compiled, by the files below; context.py is what they share
    names.py, polymorphic.py            paths over parents, also over references to several objects
    functions.py, dates.py              COUNT() to DISTANCE(); TODAY and its like
    selecting.py, grouping.py           the SELECT list of records, and of groups with their GROUP BY
    conditions.py, semijoins.py         WHERE and HAVING
    columns.py                          what all of these make
    output.py                           Compiled → SQL whose rows are JSON texts, or a CSV's
"""

from sf_elt.demo_org.errors import SoqlError
from sf_elt.demo_org.soql.columns import Column
from sf_elt.demo_org.soql.compile import Compiled, compile_query
from sf_elt.demo_org.soql.output import csv_statement, json_statement
from sf_elt.demo_org.soql.parse import parse

__all__ = ["Column", "Compiled", "SoqlError", "compile_query", "csv_statement", "json_statement", "parse"]
