"""The delivery engine: claims due rows, runs the stages of their connectors, writes what came of it, reconciles."""
