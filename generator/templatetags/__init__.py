"""Template tags of `generator`."""
