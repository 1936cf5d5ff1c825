"""What runs on a device reached over ssh: the standard library, and in child processes NumPy and a runtime.

`fv_benchmark.targets.ssh.bundle` packs it, with the modules that it needs, into one file that is sent there.
"""
