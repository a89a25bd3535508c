"""All columns together: what moves in none of them alone."""
