"""The report: what the warehouse says of audiences, scores, topics, profiles and write-backs, as a page for people.

    report = read_report(warehouse, datetime.now(UTC))      # aggregates only, in frozen dataclasses
    write_page(render(report), report_file(warehouse))      # one HTML file that needs no network and no script
    needs_attention(report)                                 # what to look at first, and what to do

It writes nothing into the warehouse. What has not been made yet is shown as such. Errors are those of the warehouse,
and WarehouseOutdated of insight where an earlier version wrote the warehouse last.
"""

from sf_elt.report.attention import Attention, needs_attention
from sf_elt.report.reading import Report, read_report
from sf_elt.report.rendering import TITLE, render
from sf_elt.report.writing import report_file, write_page

__all__ = ["TITLE", "Attention", "Report", "needs_attention", "read_report", "render", "report_file", "write_page"]
