"""What every page needs once: lists, their filters and pages, steps that can be taken back, JSON for scripts."""
