"""Who changed what: an entry for each change that people make, for 90 days."""
