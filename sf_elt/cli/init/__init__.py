"""`sf-elt init`: a few questions, and the YAML of a deployment.

command      the command: where the answers come from, what is shown, what is asked before anything is written
answers      what can be answered, and what stands for an answer that is not given
questions    the conversation                       choosing     several of many names, by search
offered      what the org has to choose from, where it can be asked; what it lacks
standing     the components that stand already
planning     answers into documents: what is new, what changes, what is in the way
yaml_text    YAML as people keep it: changed without losing their comments
trying       whether a plan loads, by Dagster's own loader, before any of it is written
writing      all of it, or nothing
showing      differences, and what comes next
shipped/     what an empty deployment begins with, besides what is asked; the same as sf_elt/defs as it is shipped

Answers become YAML without a terminal and without an org: `planned(answers, standing, into)`.
"""

from sf_elt.cli.init.command import init

__all__ = ["init"]
