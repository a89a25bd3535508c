"""What a newcomer waits for: the first table of ``make demo``, a server that is ready, a simple command."""
