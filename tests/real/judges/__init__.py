"""The judges: real servers and tools that the tree is held against."""
