"""Runs in processes of their own: nothing that holds the interpreter or memory can hold the one that answers pages.

`pool` hands runs out and ends those that overrun or whose asker left; `nursery` is the process that
workers are forked from, its kernels compiled, so that a new one is there in milliseconds; `work` is
what a worker does. They talk in `frames`, over sockets that no other process has.
"""
