"""Model versions: registering them, and asking their backends."""
