"""The environment, read once and typed.

Every variable is read here and nowhere else. A value that cannot be used stops the
start with its name and what it accepts: a typo must never become a default.
"""

from __future__ import annotations

import os
import re
import secrets
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import parse_qs, quote, unquote, urlsplit
from zoneinfo import ZoneInfo, available_timezones

LOCAL_HOSTS = ("localhost", ".localhost", "127.0.0.1", "[::1]")
FACTS_SCHEMES = ("file", "s3", "gs", "gcs", "az", "abfs", "abfss", "http", "https")
HOST_PATTERN = re.compile(r"\*|\.?[A-Za-z0-9_]([A-Za-z0-9_.-]*)|\[[0-9A-Fa-f:.]+\]")


class Refused(ValueError):
    """A variable holds what cannot be used."""

    def __init__(self, name: str, accepts: str, value: str | None = None) -> None:
        held = "is not set" if value is None else f"is {value!r}"
        super().__init__(f"{name} {held}; it accepts {accepts}")
        self.name = name


@dataclass(frozen=True, kw_only=True)
class Environment:
    env: str
    database_url: str | None
    redis_url: str | None
    secret_key: str
    var: Path
    allowed_hosts: tuple[str, ...]
    csrf_trusted_origins: tuple[str, ...]
    base_url: str
    facts_url: str
    email_url: str
    default_from_email: str
    analytics_engine: str
    sentry_dsn: str | None
    metrics_token: str | None
    time_zone: str
    currency: str
    test_clock: bool

    @property
    def production(self) -> bool:
        return self.env == "production"


def read(environ: Mapping[str, str], *, base_dir: Path) -> Environment:
    """This reads the environment, or ends the process with one line and status 2."""
    try:
        return parse(environ, base_dir=base_dir)
    except Refused as refusal:
        refuse(str(refusal))


def refuse(sentence: str) -> NoReturn:
    print(f"tern: {sentence}", file=sys.stderr)
    raise SystemExit(2)


def parse(environ: Mapping[str, str], *, base_dir: Path) -> Environment:
    """This raises `Refused` for the first variable that cannot be used.

    An empty variable counts as unset: compose files and unit files write them so.
    """
    get = _getter(environ)
    env = _choice("TERN_ENV", get("TERN_ENV") or "local", ("local", "production"))
    production = env == "production"
    var = variable_dir(environ, base_dir=base_dir)
    hosts = _hosts(get("ALLOWED_HOSTS"), production=production)
    return Environment(
        env=env,
        database_url=_database_url(get("DATABASE_URL")),
        redis_url=_redis_url(get("REDIS_URL")),
        secret_key=_secret_key(get("SECRET_KEY"), var=var, production=production),
        var=var,
        allowed_hosts=hosts,
        csrf_trusted_origins=_origins(get("CSRF_TRUSTED_ORIGINS")),
        base_url=_base_url(get("TERN_BASE_URL"), hosts=hosts, production=production),
        facts_url=_facts_url(get("TERN_FACTS_URL"), var=var),
        email_url=_email_url(get("EMAIL_URL"), production=production),
        default_from_email=_address(get("DEFAULT_FROM_EMAIL")),
        analytics_engine=_engine(get("ANALYTICS_ENGINE") or "duckdb"),
        sentry_dsn=_sentry_dsn(get("SENTRY_DSN")),
        metrics_token=_token(get("TERN_METRICS_TOKEN")),
        time_zone=_time_zone(get("TERN_TIME_ZONE") or "UTC"),
        currency=_currency(get("TERN_CURRENCY") or "EUR"),
        test_clock=_test_clock(get("TERN_TEST_CLOCK"), production=production),
    )


def variable_dir(environ: Mapping[str, str], *, base_dir: Path) -> Path:
    """This is where state lives; it is not made here."""
    text = _getter(environ)("TERN_VAR")
    if text is None:
        return base_dir / "var"
    path = Path(text).expanduser()
    if "\x00" in text or (path.exists() and not path.is_dir()):
        raise Refused("TERN_VAR", "a directory, which may not exist yet", text)
    return path if path.is_absolute() else base_dir / path


# Of no account for statements that are prepared at once; None would forbid them.
PREPARE_THRESHOLD = 5


def database_settings(url: str) -> dict[str, Any]:
    """This turns DATABASE_URL into one entry of Django's DATABASES.

    `?host=/directory` (a socket) becomes HOST, other options go to OPTIONS.
    """
    parts = urlsplit(url)
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    host = options.pop("host", None) or unquote(parts.hostname or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.removeprefix("/")),
        "USER": options.pop("user", None) or unquote(parts.username or ""),
        "PASSWORD": options.pop("password", None) or unquote(parts.password or ""),
        "HOST": host,
        "PORT": options.pop("port", None) or str(parts.port or ""),
        # Lets `config.lib.db.prepared` prepare; what else Django sends never is.
        "OPTIONS": {"prepare_threshold": PREPARE_THRESHOLD, **options},
    }


def broker_url(redis_url: str, *, db: int = 0) -> str:
    """This writes REDIS_URL the way Celery wants it, with the database `db`."""
    parts = urlsplit(redis_url)
    if parts.scheme == "unix":
        return f"redis+socket://{parts.path}?virtual_host={db}"
    return parts._replace(path=f"/{db}").geturl()


def cache_url(redis_url: str, *, db: int = 1) -> str:
    """This writes REDIS_URL the way redis-py wants it, with the database `db`."""
    parts = urlsplit(redis_url)
    if parts.scheme == "unix":
        return f"unix://{quote(parts.path)}?db={db}"
    return parts._replace(path=f"/{db}").geturl()


def email_settings(url: str) -> dict[str, Any]:
    """This turns EMAIL_URL into Django's EMAIL_* settings."""
    parts = urlsplit(url)
    backend = "django.core.mail.backends."
    if parts.scheme == "console":
        return {"EMAIL_BACKEND": backend + "console.EmailBackend"}
    if parts.scheme == "memory":
        return {"EMAIL_BACKEND": backend + "locmem.EmailBackend"}
    if parts.scheme == "file":
        return {
            "EMAIL_BACKEND": backend + "filebased.EmailBackend",
            "EMAIL_FILE_PATH": unquote(parts.path),
        }
    default_port = {"smtp": 25, "smtp+tls": 587, "smtps": 465}[parts.scheme]
    return {
        "EMAIL_BACKEND": backend + "smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or default_port,
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": parts.scheme == "smtp+tls",
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_TIMEOUT": 10,
    }


def _getter(environ: Mapping[str, str]) -> Callable[[str], str | None]:
    def get(name: str) -> str | None:
        return environ.get(name, "").strip() or None

    return get


def _choice(name: str, value: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise Refused(name, " or ".join(choices), value)
    return value


def _without_password(url: str) -> str:
    return re.sub(r"://([^/@]*):[^/@]*@", r"://\1:***@", url)


def _url_host(url: str) -> str | None:
    """This is the host, or None where the address does not parse (a port of words)."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 reading it is what raises
    except ValueError:
        return None
    return parts.hostname


def _database_url(value: str | None) -> str | None:
    if value is None:
        return None
    accepts = "postgres://user:password@host:port/name or postgres://user@/name?host=/directory"
    shown = _without_password(value)
    try:
        parsed = database_settings(value)
        scheme = urlsplit(value).scheme
    except ValueError:
        raise Refused("DATABASE_URL", accepts, shown) from None
    if scheme not in ("postgres", "postgresql") or not parsed["NAME"]:
        raise Refused("DATABASE_URL", accepts, shown)
    return value


def _redis_url(value: str | None) -> str | None:
    if value is None:
        return None
    accepts = "redis://host:port/0, rediss://host:port/0 or unix:///path/of.socket"
    scheme = value.partition("://")[0]
    local = scheme == "unix" and urlsplit(value).path.startswith("/")
    if not local and (scheme not in ("redis", "rediss") or not _url_host(value)):
        raise Refused("REDIS_URL", accepts, _without_password(value))
    return value


def _secret_key(value: str | None, *, var: Path, production: bool) -> str:
    accepts = "a secret of 50 characters or more"
    if value is not None:
        if production and len(value) < 50:
            raise Refused("SECRET_KEY", accepts, f"{len(value)} characters")
        return value
    if production:
        raise Refused("SECRET_KEY", accepts)
    return _kept_secret(var / "secret_key")


def _kept_secret(path: Path) -> str:
    """This makes the key once; of several first starts at once, one wins."""
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_urlsafe(48))
            try:
                os.link(draft, path)
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return path.read_text().strip()
    except OSError as error:
        accepts = f"a secret; its local file {path} cannot be used ({error.strerror})"
        raise Refused("SECRET_KEY", accepts) from None


def _hosts(value: str | None, *, production: bool) -> tuple[str, ...]:
    accepts = "host names separated by commas, as shop.example.com"
    if value is None:
        if production:
            raise Refused("ALLOWED_HOSTS", accepts)
        return LOCAL_HOSTS
    hosts = _listed(value)
    if not hosts or not all(HOST_PATTERN.fullmatch(host) for host in hosts):
        raise Refused("ALLOWED_HOSTS", accepts, value)
    return hosts


def _origins(value: str | None) -> tuple[str, ...]:
    origins = _listed(value or "")
    for origin in origins:
        if not _is_web(origin) or urlsplit(origin).path:
            accepts = "origins separated by commas, as https://shop.example.com"
            raise Refused("CSRF_TRUSTED_ORIGINS", accepts, value)
    return origins


def _base_url(value: str | None, *, hosts: tuple[str, ...], production: bool) -> str:
    if value is None:
        if not production:
            return "http://localhost:8000"
        named = [host for host in hosts if host[0] not in ".*"]
        if not named:
            raise Refused("TERN_BASE_URL", "the address people use, with https://")
        return f"https://{named[0]}"
    if not _is_web(value):
        accepts = "the address people use, as https://tern.example.com"
        raise Refused("TERN_BASE_URL", accepts, value)
    return value.rstrip("/")


def _facts_url(value: str | None, *, var: Path) -> str:
    if value is None:
        return str(var / "facts")
    scheme, separator, rest = value.partition("://")
    if separator and (scheme not in FACTS_SCHEMES or not rest):
        accepts = f"a directory or an address ({', '.join(FACTS_SCHEMES)}://…)"
        raise Refused("TERN_FACTS_URL", accepts, value)
    return value


def _email_url(value: str | None, *, production: bool) -> str:
    if value is None:
        return "smtp://localhost:25" if production else "console://"
    scheme, _, rest = value.partition("://")
    needs_host = scheme in ("smtp", "smtp+tls", "smtps")
    known = scheme in ("console", "memory") or (scheme == "file" and bool(rest))
    if not known and not (needs_host and _url_host(value)):
        accepts = (
            "smtp://, smtp+tls:// or smtps:// user:password@host:port, "
            "file:///directory, console:// or memory://"
        )
        raise Refused("EMAIL_URL", accepts, _without_password(value))
    return value


def _address(value: str | None) -> str:
    if value is None:
        return "Tern <tern@localhost>"
    if not re.fullmatch(r"[^<>@]*<[^<>@\s]+@[^<>@\s]+>|[^<>@\s]+@[^<>@\s]+", value):
        accepts = "an address, as tern@example.com or Tern <tern@example.com>"
        raise Refused("DEFAULT_FROM_EMAIL", accepts, value)
    return value


def _engine(value: str) -> str:
    remote = value.startswith(("spark://", "sc://")) and _url_host(value)
    if value not in ("duckdb", "postgres") and not remote:
        accepts = "duckdb, postgres, spark://host:7077 or sc://host:15002"
        raise Refused("ANALYTICS_ENGINE", accepts, value)
    return value


def _sentry_dsn(value: str | None) -> str | None:
    if value is None:
        return None
    if not _is_web(value) or not urlsplit(value).username:
        accepts = "https://key@host/project"
        raise Refused("SENTRY_DSN", accepts, "not such an address")
    return value


def _token(value: str | None) -> str | None:
    if value is not None and len(value) < 16:
        accepts = "a secret of 16 characters or more"
        raise Refused("TERN_METRICS_TOKEN", accepts, f"{len(value)} characters")
    return value


def _time_zone(value: str) -> str:
    if value not in available_timezones():
        raise Refused("TERN_TIME_ZONE", "an IANA zone, as Europe/Berlin", value)
    return ZoneInfo(value).key


def _currency(value: str) -> str:
    # Here and not above: the names of currencies cost 40 ms of every start.
    from babel.numbers import list_currencies  # noqa: PLC0415

    if value not in list_currencies():
        raise Refused("TERN_CURRENCY", "an ISO 4217 code, as EUR or CNY", value)
    return value


def _test_clock(value: str | None, *, production: bool) -> bool:
    on = _choice("TERN_TEST_CLOCK", value or "0", ("0", "1")) == "1"
    if on and production:
        raise Refused("TERN_TEST_CLOCK", "only 0 where TERN_ENV is production", "1")
    return on


def _listed(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _is_web(value: str) -> bool:
    return value.startswith(("http://", "https://")) and bool(_url_host(value))
