"""Gofal's ingestion: lands, checks the shape of, and loads sources into the lake, builds and publishes."""

__version__ = "0.1.0"
