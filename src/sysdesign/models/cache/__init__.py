"""The parts of the caching models; `sysdesign.models.caching` offers them."""
