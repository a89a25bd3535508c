"""``pointsman feedback``."""
