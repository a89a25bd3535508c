"""Keys, and the options that say who may do what."""
