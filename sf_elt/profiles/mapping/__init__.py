"""What a mapping may say, and what each rule makes of a row.

rules         what of which stream fills which user field, and how several values become one
faults        what is wrong with a mapping, found before anything runs
expressions   SQL expressions that users write, parsed and checked before DuckDB sees them
terms         what a rule reads: columns, or one expression over them
values        SQL for a rule's value, cleaned and of the user field's type
phones        phones as people write them, to E.164
"""
