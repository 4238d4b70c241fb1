"""What the team plans: posts, variants, campaigns, slots, revisions."""
