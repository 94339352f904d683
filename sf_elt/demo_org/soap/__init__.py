"""SOAP: the partner API at /services/Soap/u/NN.N and the logins of the partner and enterprise endpoints.

xml.py        values as XML elements
envelope.py   reading calls, writing replies and faults; the Metadata API is spoken in the same envelopes
sessions.py   who calls
"""
