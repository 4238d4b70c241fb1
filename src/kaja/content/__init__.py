"""What the team plans: posts, variants, media, campaigns, slots, revisions."""
