"""What is kept of drift in SQL, by what it is about."""
