"""``pointsman routers``."""
