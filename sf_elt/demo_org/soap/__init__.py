"""SOAP: the partner API at /services/Soap/u/NN.N, and what names no records at the enterprise endpoint /c/NN.N.

endpoint.py   the addresses, the operations, what is done with every call
operation.py  what an operation knows of its call; asking the REST API for the same user
people.py     login(), logout(), who a user is, passwords
reading.py    queries, retrieve, describe, replication: REST requests of the same meaning
writing.py    create, update, upsert, delete, undelete
merging.py    merge, convertLead, emptyRecycleBin
records.py    records from REST's JSON to XML, and from XML to what saving takes
sessions.py   who calls
envelope.py   reading calls, writing replies and faults; the Metadata API is spoken in the same envelopes
xml.py        values as XML elements
"""
