"""Reading from networks: who is asked what, when, from where on, and with how much of the budget."""
