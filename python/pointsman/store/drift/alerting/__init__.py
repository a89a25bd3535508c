"""Alerts of drift in SQL: rules, how they stand, mutes, events, and the outbox of their messages."""
