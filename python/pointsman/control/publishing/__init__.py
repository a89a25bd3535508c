"""From a stored change to the data plane: transactions, snapshots, and what it refused."""
