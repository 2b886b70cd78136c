"""Migrations, each one transaction; Piccolo keeps the list of those that ran."""
