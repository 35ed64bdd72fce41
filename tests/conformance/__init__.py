"""Checks that a cloud keeps docs/contract.md, by its address alone: script/conformance runs it."""
