"""What pytest needs to know of the samples here."""

collect_ignore = ["proxy_samples.py"]
"""Modules without doctests in which looking for some fails: a class there answers nothing."""
