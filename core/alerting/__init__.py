"""Who is told of a transition, and why somebody is not."""
