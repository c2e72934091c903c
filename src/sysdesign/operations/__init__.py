"""What a person can ask, one typed function each.

Commands and HTTP routes call these; nothing here prints or exits. Every result is
a frozen value that `plain.json_text` turns into JSON. Reading stands apart from
running, so that `sysdesign read` need not load the models.
"""
