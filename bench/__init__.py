"""Measurements that anyone can repeat: `make bench` prints the figures and writes `bench/results.json`."""
