"""A mail server that delivers nowhere: it keeps what it is given and shows it in an inbox page.

For development and tests; production refuses to start on it (`app.lib.settings`).
"""
