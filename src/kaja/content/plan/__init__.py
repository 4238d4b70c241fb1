"""When posts go out: local times, weekly slots, the calendar."""
