"""How good answers are: a drawn set of them that a colleague rates on a short card."""
