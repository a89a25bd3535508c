"""What tests with real peers stand on: the server as a process, good and bad backends, raw clients."""
