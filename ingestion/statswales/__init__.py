"""The StatsWales source: client, dataset registry, extraction."""
