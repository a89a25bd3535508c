"""One file a step; the newest is what this release needs."""
