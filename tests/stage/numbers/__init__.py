"""A client that keeps its own log of everything it did, and holds every read of the server against it."""
