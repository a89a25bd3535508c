"""What is recorded of calls: read, exported, decided again, compared with shadows."""
