"""Delivery: no post lost, none sent twice, every failure visible."""
