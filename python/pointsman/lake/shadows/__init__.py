"""Copies of calls that shadows got, beside the calls: how they are paired and compared."""
