"""The parts a developer's machine and the tests run on: real servers from Python and npm packages.

Nothing here is part of a production service; there the same parts are addresses in the settings.
"""
