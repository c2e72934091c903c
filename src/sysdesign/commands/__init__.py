"""The commands of `sysdesign`, by what a person is doing."""
