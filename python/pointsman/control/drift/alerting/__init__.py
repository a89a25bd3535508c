"""Alerts of drift: judging results by rules, and bringing the messages to people and programs."""
