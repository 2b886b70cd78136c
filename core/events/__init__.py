"""Changes that subscribers may resume from, in one order."""
