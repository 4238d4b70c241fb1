"""What may have gone out without Kaja knowing, and one decision about it."""
