"""Underlying brand opinion: what customers think, estimated from what people post.

A pure statistical library (NumPy only at its core): no Django, no network. See ``docs/brandhealth.md``.
"""
