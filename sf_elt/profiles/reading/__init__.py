"""The rows that count, with what each rule makes of them.

sources   where a stream's rows are, and which columns say what about a row
rows      one pass over each stream: numbered rows, cleaned values, the identifiers they carry
"""
