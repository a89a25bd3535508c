"""``pointsman drift``: watch models, whoever serves them."""
