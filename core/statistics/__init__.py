"""Uptime and latency, from intervals and checks."""
