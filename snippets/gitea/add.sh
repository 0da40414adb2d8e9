gitea admin auth add-oauth --name latchkey --provider openidConnect \
  --key '__CLIENT_ID__' --secret '…' \
  --auto-discover-url '__ISSUER__/.well-known/openid-configuration' \
  --scopes profile --scopes email
