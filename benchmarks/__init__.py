"""Benchmarks: side by side with what a user would deploy instead, as ratios from one run."""
