"""What scripts/bench measures with; each module is used by a child process of it, but for `texts`."""
