"""The StatusApp dialect."""
