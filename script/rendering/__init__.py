"""Draws the pictures that the project ships."""
