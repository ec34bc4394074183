"""Measurements: ``python -m bench core``."""
