"""What stands beside CRIU: greenflow in several ways, and what nobody can do without.

Each side is a function of a workload, which returns what one repetition took.
"""
