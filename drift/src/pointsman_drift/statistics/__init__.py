"""Pure functions from counts or sorted values to numbers."""
