"""What only containers need: secrets on first start, a one-shot that sets everything up, health checks.

A service may start before whatever it needs, on the first day as after a power cut: `containers.start` waits,
then becomes the service. `stack` is the counterpart of this package for one machine without containers.
"""
