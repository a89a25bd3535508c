"""Servers that lose what was not synced when they die, and what clients were told before they did."""
