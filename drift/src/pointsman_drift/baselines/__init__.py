"""What is kept of a reference: edges, counts, and of small ones the rows."""
