"""One scan that counts column × window × slice × bin."""
