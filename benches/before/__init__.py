"""This version beside an earlier one, in the same minutes on the same machine."""
