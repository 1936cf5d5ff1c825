"""A model file → a small project that runs it: for Android, iOS, a Raspberry Pi, a web page, a Space.

    model file --read_source--> Source --target's files--> written whole into a folder

Each project holds the model as it is, its labels, its preprocessing in the language of the platform, and a test that
compares both with what the manifest promises.
"""
