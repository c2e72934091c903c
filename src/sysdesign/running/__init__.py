"""A model on what a person typed, and sweeps of it."""
