"""Tests of the WeSMART integration, its client and its mock cloud."""
