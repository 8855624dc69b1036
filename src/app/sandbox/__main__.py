"""`python -m app.sandbox`: the sandbox alone, for tests and for use without the rest."""

from app.sandbox.command import sandbox

if __name__ == "__main__":
    sandbox(prog_name="python -m app.sandbox")
