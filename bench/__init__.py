"""Benchmarks: each number beside a yardstick measured in the same run, since only ratios carry over."""
