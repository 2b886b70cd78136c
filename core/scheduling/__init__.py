"""When each monitor is looked at, and by which worker."""
