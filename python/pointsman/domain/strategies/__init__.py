"""How routers pick variants: a room for each strategy, with its settings, checks and shares of calls."""
