"""The plan's completion criteria, made executable: one rule a file, content in, findings out."""

from sysdesign.checks.findings import Context, Finding
from sysdesign.checks.run import check
from sysdesign.checks.scoreboard import Scoreboard, scoreboard

__all__ = ["Context", "Finding", "Scoreboard", "check", "scoreboard"]
