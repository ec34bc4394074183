"""Measurements: ``python -m bench NAME``; docs/benchmarks.md tells of what, and how."""
