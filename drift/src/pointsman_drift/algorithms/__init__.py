"""Algorithms: what each measures, of which columns, with which thresholds; users add theirs."""
