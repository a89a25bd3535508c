"""What models, routers, keys, predictions and feedback are, and the rules they keep. Pure: no I/O."""
