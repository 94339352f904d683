"""The first import before it runs: what it reads, what it spends, when it is done: `sf-elt estimate`.

asking      the few calls that it needs
reckoning   what follows from them, under these settings and others
"""

from sf_elt.components.estimate.asking import JOB, estimate
from sf_elt.components.estimate.reckoning import Estimate

__all__ = ["JOB", "Estimate", "estimate"]
