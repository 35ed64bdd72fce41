"""The pictures of the README: a browser looks at the demo."""
