"""Benchmarks: each against a rival doing the same in the same run. docs/benchmarks.md"""
