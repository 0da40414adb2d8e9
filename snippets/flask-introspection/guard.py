import os
from functools import wraps

import requests
from flask import g, jsonify, request

discovery = requests.get("__ISSUER__/.well-known/openid-configuration", timeout=10).json()
credential = (os.environ["LATCHKEY_API_CLIENT_ID"], os.environ["LATCHKEY_API_CLIENT_SECRET"])


def require_scope(scope):
    """Lets in who brings a token for this API with this scope; `g.token` has what Latchkey says of it."""

    def refuse(status, challenge):
        return jsonify(status=status), status, {"WWW-Authenticate": f"Bearer {challenge}"}

    def guard(view):
        @wraps(view)
        def guarded(*args, **kwargs):
            kind, _, token = request.headers.get("authorization", "").partition(" ")
            if kind.lower() != "bearer" or not token:
                return refuse(401, f'scope="{scope}"')
            try:
                answer = requests.post(
                    discovery["introspection_endpoint"], data={"token": token}, auth=credential, timeout=10
                )
                answer.raise_for_status()
            except requests.RequestException:
                return jsonify(status=503), 503, {"Retry-After": "5"}
            facts = answer.json()
            audience = facts.get("aud", [])
            audiences = [audience] if isinstance(audience, str) else audience
            # What is bound to a key (DPoP) is of no use as a bearer token.
            if not facts["active"] or "cnf" in facts or "__RESOURCE__" not in audiences:
                return refuse(401, 'error="invalid_token"')
            if scope not in facts.get("scope", "").split():
                return refuse(403, f'error="insufficient_scope", scope="{scope}"')
            g.token = facts
            return view(*args, **kwargs)

        return guarded

    return guard
