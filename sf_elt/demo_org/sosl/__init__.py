"""SOSL: `FIND {term} IN ALL FIELDS RETURNING Lead(Id, Name WHERE … LIMIT 5), Contact`.

    search = parse_search("FIND {Ada AND Love*} RETURNING Contact(Name)")
    for query in queries_of(search, schema): …       # an object each: soql's Query, to compile and run as any other

parse.py reads the text, terms.py makes conditions of what is to be found, queries.py one query for each object.
"""

from sf_elt.demo_org.sosl.parse import Returning, Search, parse_search
from sf_elt.demo_org.sosl.queries import queries_of

__all__ = ["Returning", "Search", "parse_search", "queries_of"]
