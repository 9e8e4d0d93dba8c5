"""What the acceptance scripts share."""
