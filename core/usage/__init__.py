"""Counts the requests of each workspace, and holds it to its plan's number an hour."""
