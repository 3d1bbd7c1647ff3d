"""Renderings of what the kit finds, and of the specification itself."""
