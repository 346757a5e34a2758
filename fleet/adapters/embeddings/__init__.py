"""Providers of vectors: a model inside a wheel, and the HTTP APIs of three others."""

from fleet.adapters.embeddings.providers import embedder_for

__all__ = ["embedder_for"]
