"""What the command says of strategies: a room for each."""
