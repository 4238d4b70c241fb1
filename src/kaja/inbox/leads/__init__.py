"""Somebody who wrote to us is handed over to whoever sells: a record that stays, files of it, and its way back."""
