"""What scripts/bench measures with.

texts (zipf, prose, own_stories) -> systems (ours, peers, annif) -> measuring, growth, profile, quality -> rows
    -> bars -> tables

`program` is what runs in processes of its own; the script itself stays small, see `processes.run`.
"""
