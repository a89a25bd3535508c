"""What detectors of changes see of a model: every row once, in order of time, over all analyses."""
