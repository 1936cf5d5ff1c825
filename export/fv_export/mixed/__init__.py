"""Precision mixed to a budget: which layers of an 8-bit file are given back to float, so that it keeps its promise.

    keep       what it is to leave a tensor, or a layer, in float
    halves     one half of the pictures chooses, the other half reports
    damage     what a file's answers lose against the full model's
    assurance  how surely the half that reports will agree with the half that chose
    ask        files answer pictures in a child process; `memory` keeps every result by content
    work       multiply-adds, and what a latency is made of; `cost` fits that to measured files
    search     rank, restore, prune
    frontier   the files on the way, measured, and the one that is chosen; `page` shows them
    variant    all of it as a source of files for the export

Every figure comes from files as they would be shipped, run by their own runtime; nothing is simulated.
"""
