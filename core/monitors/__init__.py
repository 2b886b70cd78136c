"""What is watched: projects, monitors, tags, and their life cycle."""
