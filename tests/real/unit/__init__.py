"""Tests of the judges' pure parts: no server, no program, in seconds."""
