"""System design theory as pure functions: one subject a file, numbers in, a frozen result out."""
