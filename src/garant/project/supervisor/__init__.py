"""Starts and watches every process of one deployment on one machine.

`plan.py` says which processes there are, `child.py` is one of them, `ready.py` asks whether it serves, `watch.py` is the whole.
"""
