"""Monitors that wait to be pinged: the inbox, its application, and missed deadlines."""
