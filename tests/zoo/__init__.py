"""Latches and barriers to try the kit on: right ones, and ones with one fault each."""
