"""tagger reads a story and suggests content warnings and tags, offline, on a CPU.

read -> segment -> read words -> featurize -> score -> aggregate -> calibrate -> decide -> report
"""

__version__ = "0.1.0"
