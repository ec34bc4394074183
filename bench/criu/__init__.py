"""CRIU, which saves whole processes: how the benchmarks call it."""
