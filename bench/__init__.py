"""Measurements: ``python -m bench core``, ``python -m bench runtime``."""
