"""Providers of vectors: a model inside a wheel, and the HTTP APIs of three others."""
