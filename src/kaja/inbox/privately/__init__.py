"""From a comment to a private reply: who says a word below a post gets one message, once, and a short answer there."""
