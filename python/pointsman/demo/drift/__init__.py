"""The demo's second half: one feature and one label rule change, and the server tells of it."""
