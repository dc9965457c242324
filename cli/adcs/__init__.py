"""The attitude algorithms against independent oracles; what `verify adcs` and the tests share."""
