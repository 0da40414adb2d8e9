curl -X POST "__BASE__/sso/OID/Add/latchkey?api_key=$JELLYFIN_API_KEY" \
  -H 'Content-Type: application/json' -d '{
    "oidEndpoint": "__ISSUER__",
    "oidClientId": "__CLIENT_ID__",
    "oidSecret": "__CLIENT_SECRET__",
    "oidScopes": ["profile", "email", "groups"], # ? groups
    "oidScopes": ["profile", "email"], # ? !groups
    "enabled": true,
    "enableAuthorization": true, # ? groups
    "enableAuthorization": false, # ? !groups
    "enableAllFolders": true,
    "enabledFolders": [],
    "roleClaim": "groups", # ? groups
    "roles": ["jellyfin-users", "jellyfin-admins"], # ? groups
    "adminRoles": ["jellyfin-admins"], # ? groups
    "disableHttps": true, # ? http
    "schemeOverride": "https", # ? !local
    "defaultUsernameClaim": "preferred_username",
    "disablePushedAuthorization": true
  }'
