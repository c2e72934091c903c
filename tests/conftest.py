"""Laws are held over random inputs without a deadline: no test here may depend on how fast the machine is."""

from hypothesis import settings

settings.register_profile("unhurried", deadline=None, derandomize=True)
settings.load_profile("unhurried")
