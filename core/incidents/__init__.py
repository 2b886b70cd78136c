"""From a confirmed failure to the recovery: verdicts, incidents, status intervals."""
