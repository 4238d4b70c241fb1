"""The calendar: week, month and list of what is planned, moving it, and the weekly slots of channels."""
