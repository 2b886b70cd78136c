"""Monitors that become slower than they used to be: what is usual, and what is much more than that."""
