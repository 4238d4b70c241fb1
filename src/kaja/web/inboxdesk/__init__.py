"""Beside the conversations: rules, targets and how they were kept, alarms, and the people who write."""
