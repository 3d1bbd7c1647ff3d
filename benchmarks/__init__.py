"""Side by side with peers and with the limit, in ratios: `make bench`."""
