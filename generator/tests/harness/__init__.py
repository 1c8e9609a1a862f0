"""The harness that proves the engine: scripted upstreams, and a soak of killed and
frozen workers.
"""
