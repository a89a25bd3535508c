"""What bandits learn: from rewards in SQL to the shares of this server's replica."""
