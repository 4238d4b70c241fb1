"""The practice network: a small real HTTP service with faults that can be turned on."""
