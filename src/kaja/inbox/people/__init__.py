"""Who writes to us: what the team knows, who is the same, what is handed over, and forgetting all of somebody."""
