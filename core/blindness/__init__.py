"""What Tocsin knows of its own blindness: a failure that is its own must never become a target's."""
