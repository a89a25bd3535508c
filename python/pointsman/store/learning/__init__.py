"""What arms of bandits were chosen and rewarded."""
