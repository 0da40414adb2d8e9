vault auth enable oidc
vault write auth/oidc/config \
  oidc_discovery_url='__ISSUER__' \
  oidc_client_id='__CLIENT_ID__' \
  oidc_client_secret='__CLIENT_SECRET__' \
  default_role=latchkey
vault write auth/oidc/role/latchkey - <<'EOF'
{
  "role_type": "oidc",
  "user_claim": "sub",
  "groups_claim": "groups", # ? groups
  "oidc_scopes": ["profile", "email", "groups"], # ? groups
  "oidc_scopes": ["profile", "email"], # ? !groups
  "claim_mappings": { "preferred_username": "username", "email": "email" },
  "allowed_redirect_uris": ["__REDIRECT_URI__", "http://localhost:8250/oidc/callback"],
  "token_policies": ["default"]
}
EOF
