"""The practice network: a small real HTTP service, in a process of its own. Nothing here is public.

It imports nothing of the rest of Kaja; Kaja reaches it only over HTTP, as it reaches every other network.
"""
