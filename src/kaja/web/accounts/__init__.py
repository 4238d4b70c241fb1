"""Signing up, signing in, proving who one is: django-allauth in our frame."""
