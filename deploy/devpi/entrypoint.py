"""Starts devpi-server as Countersign's upstream: account svc alone uploads, to svc/prod, where no file is ever replaced.

The data folder is made at the first start. At every start svc gets the password of the secret file, while nothing listens
yet, so that there is no moment in which devpi answers with its open defaults.
"""
import os
import secrets
import sys
from pathlib import Path

from devpi_server.init import init
from devpi_server.main import CommandRunner, xom_from_config

DATA = Path(os.environ.get("DEVPI_DATA", "/var/lib/devpi"))
PASSWORD_FILE = Path(os.environ.get("DEVPI_PASSWORD_FILE", "/run/secrets/svc"))
LISTEN = os.environ.get("DEVPI_LISTEN", "0.0.0.0:3141")
SERVER = DATA / "server"
TEMPORARY = DATA / "tmp"
# Uploads only by svc: devpi's own default for test results is everybody.
INDEX = {"bases": (), "volatile": False, "acl_upload": ["svc"], "acl_toxresult_upload": ["svc"]}


def initialise():
    """devpi's root would have an empty password. Nobody needs the random one: `devpi-passwd root` sets another."""
    if (SERVER / ".nodeinfo").exists():
        return
    # In one argument: one password in 64 begins with a hyphen, and would be taken for an option.
    arguments = ["--serverdir", SERVER, "--no-root-pypi", f"--root-passwd={secrets.token_urlsafe(32)}"]
    if failure := init(argv=["devpi-init", *arguments]):
        sys.exit(failure)


def provide_account(password):
    """Sees to the account svc with this password and to its index, in the database itself."""
    with CommandRunner() as runner:
        parser = runner.create_parser(description=__doc__, add_help=False)
        parser.add_configfile_option()
        parser.add_logging_options()
        parser.add_storage_options()
        config = runner.get_config(["entrypoint", "--serverdir", str(SERVER)], parser=parser)
        runner.configure_logging(config.args)
        xom = xom_from_config(config)
        with xom.keyfs.write_transaction():
            user = xom.model.get_user("svc")
            if user is None:
                user = xom.model.create_user("svc", password=password)
            elif not user.validate(password):
                user.modify(password=password)
            if user.getstage("prod") is None:
                user.create_stage("prod", **INDEX)
    if runner.return_code:
        sys.exit(runner.return_code)


def main():
    password = PASSWORD_FILE.read_text(encoding="utf-8").strip()
    if not password:
        sys.exit(f"{PASSWORD_FILE} is empty")
    TEMPORARY.mkdir(parents=True, exist_ok=True)
    initialise()
    provide_account(password)
    host, port = LISTEN.rsplit(":", 1)
    arguments = ["-m", "devpi_server", "--serverdir", SERVER, "--host", host, "--port", port, "--offline-mode"]
    # Only root makes users and indexes; devpi lets everybody do so otherwise. The size is above the policy's max_upload.
    arguments += ["--restrict-modify", "root", "--max-request-body-size", str(1100 * 1024 * 1024)]
    # Large uploads are spooled to disk, and the system's own folder for that may be small or in memory.
    environment = {**os.environ, "TMPDIR": str(TEMPORARY)}
    os.execve(sys.executable, [str(part) for part in [sys.executable, *arguments]], environment)


if __name__ == "__main__":
    main()
