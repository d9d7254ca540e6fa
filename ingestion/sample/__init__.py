"""The bundled synthetic sample and the stand-in StatsWales server that serves it."""
