"""Runs the conformance suite against the mock cloud, and against mutants of it that break one rule each."""
