"""Tests of the scripts' pure parts."""
