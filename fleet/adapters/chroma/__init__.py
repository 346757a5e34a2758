"""The index of lessons in Chroma: embedded over a folder of the home, or on a server."""
