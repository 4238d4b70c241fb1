"""No word of the domain: tenancy, vault, jobs, events, clock, ids."""
