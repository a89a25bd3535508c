"""Alerts of drift: by which rules they fire, how they go on, and what is told of them."""
