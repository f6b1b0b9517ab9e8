"""Secrets at rest: encrypted with the operator's keys, the newest of which encrypts."""

from __future__ import annotations

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class BadSecretKeys(Exception):
    """The operator's keys are missing or can't open what is stored."""


class Vault:
    """Encrypts and opens secrets. `keys`: Fernet keys separated by commas, newest first."""

    def __init__(self, keys: str) -> None:
        try:
            self._fernet = MultiFernet([Fernet(key.strip()) for key in keys.split(",") if key.strip()])
        except ValueError:
            raise BadSecretKeys(
                "SHELFWISE_SECRET_KEYS must hold one key or more, each made by "
                "`python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'`"
            ) from None

    def seal(self, secret: str) -> bytes:
        """The secret, encrypted."""
        return self._fernet.encrypt(secret.encode())

    def open(self, sealed: bytes) -> str:
        """The secret in clear. Raises BadSecretKeys where none of the keys fits."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            raise BadSecretKeys("none of the keys in SHELFWISE_SECRET_KEYS opens a stored secret") from None
