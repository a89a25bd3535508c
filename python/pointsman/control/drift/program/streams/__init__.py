"""Features as detectors of changes see them: every row once, in order of time, over all analyses."""
