module espalier.invalid/tests/real/tools/standin

go 1.26.0
