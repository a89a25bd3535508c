"""What is measured of routers: counters, the figures made of them, and their statistics."""
