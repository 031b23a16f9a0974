"""The operators' console: figures, live calls, the history, content, alerts, the audit trail."""
