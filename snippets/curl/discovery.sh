curl -sS __ISSUER__/.well-known/openid-configuration
