"""Runs an embedded instance in the foreground: broker, web server, worker and beat as its children.

`preflight` says beforehand why it cannot run, `broker` knows the Redis-protocol server, `child` is one
process and its group, `lines` prints what all of them say, `supervise` starts, watches and ends them.
"""
