"""The Dashmon dialect."""
