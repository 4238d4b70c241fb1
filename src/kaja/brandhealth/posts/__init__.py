"""From posts to counts of votes: what a fit is given."""
