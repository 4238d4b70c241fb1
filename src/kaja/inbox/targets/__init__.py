"""How quickly people are answered: hours in which that is promised, what is due when, and how it went."""
