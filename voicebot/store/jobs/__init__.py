"""What scheduled work leaves behind: its runs, and the weekly reports."""

from voicebot.store.jobs.runs import JobRun, JobRuns
from voicebot.store.jobs.shelf import Report, Reports

__all__ = ["JobRun", "JobRuns", "Report", "Reports"]
