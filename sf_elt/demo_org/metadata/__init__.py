"""Custom fields and objects: made, changed, deleted and read as the Metadata API names things.

definitions.py   the shapes that clients send, in JSON and XML
fields.py        a definition as a field of the schema, and back
objects.py       the same for objects
formula.py       formulas as SQL (formula.lark is their grammar)
change.py        the changes themselves, whoever asks for them
soap.py          the Metadata API at /services/Soap/m/NN.0
"""
