"""Who sees and changes what: profiles and permission sets are records, and this gives them their meaning.

    access = Access(store)
    access.schema_for(user_id)            # the schema as that user sees it, out of a cache while nothing changed
    access.may(user_id, "CustomizeApplication")

grants.py    what a user's permission sets add up to (grants.sql reads them)
view.py      the schema under those grants: what is missing, what is read-only
records.py   the profiles of a new org, and the permissions that go with a new object
masks.py     what a lever hides from a user, beyond the permission sets
"""

from sf_elt.demo_org.access.access import Access
from sf_elt.demo_org.access.grants import Grants

__all__ = ["Access", "Grants"]
