"""The model and its fit: from counts to a posterior."""
