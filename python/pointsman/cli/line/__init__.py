"""What all commands share: how the line is declared and read, completed, and answered when it fails."""
