"""What a comparison answers."""
