"""The report of a run: one HTML file with charts, and ten lines for the terminal, from manifests, logs and
rejected documents only."""

from manifests.report.page import write_report
from manifests.report.summary import summary

__all__ = ["summary", "write_report"]
