"""The inbox's screen: the list, the thread, what stands around it, and the answer."""
