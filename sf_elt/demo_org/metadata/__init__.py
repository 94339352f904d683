"""Fields, objects, page layouts, profiles and permission sets: made, changed and read as the Metadata API says.

definitions.py   the shapes that clients send, in JSON and XML
fields.py        a definition as a field of the schema, and back
objects.py       the same for objects
formula.py       formulas as SQL (formula.lark is their grammar)
change.py        the changes themselves, whoever asks for them
layouts.py       page layouts
permissions.py   profiles and permission sets
components.py    what there are kinds of, and what can be done with each
component_ids.py Ids of components
catalog.py       objects and fields as records, for SOQL: CustomField, EntityDefinition and their like
data_types.py    field types as Setup words them
xml_forms.py     components in XML
soap.py          the Metadata API at /services/Soap/m/NN.0
"""
