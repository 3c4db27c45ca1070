"""Receivers of events: a webhook, the controller's log, and memory."""
