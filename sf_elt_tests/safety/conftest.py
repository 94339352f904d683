"""The shared org of a module, as in the other rooms."""

from sf_elt_tests.shared_orgs import org, org_of_module, own_org

__all__ = ["org", "org_of_module", "own_org"]
