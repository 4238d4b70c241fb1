"""What every connector stands on: results, content, limits, HTTP, text counting."""
