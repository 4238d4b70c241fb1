"""Likes, shares, quotes and followers: no messages, so nothing waits, is due, or is new because of them."""
