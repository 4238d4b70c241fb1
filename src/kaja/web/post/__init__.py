"""A post's page: its time line, where it stands on each channel, its journal in plain words."""
