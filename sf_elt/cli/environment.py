"""The environment of a command: as Dagster has it, with the variables of the file `.env` in the folder it is run in."""

from pathlib import Path


def read_env_file() -> None:
    """Sets what `.env` says; as in Dagster, that goes before what the environment has."""
    from dotenv import load_dotenv

    load_dotenv(Path(".env"), override=True)
