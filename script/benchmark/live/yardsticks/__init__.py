"""Two integrations to compare with: the least there can be, and the one of the textbook."""
