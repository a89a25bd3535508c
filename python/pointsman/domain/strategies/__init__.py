"""How routers pick variants: a room for each strategy, with its settings, their checks, and shares of calls."""
