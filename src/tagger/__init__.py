"""tagger reads a story and suggests content warnings and tags, offline, on a CPU.

    read -> segment -> featurize -> score -> aggregate -> calibrate -> decide -> report

The modules below stand in the order of that flow; each imports only what stands above it.

    errors labels works results?                         things
"""

__version__ = "0.1.0"
