gitea admin auth add-oauth --name latchkey --provider openidConnect \
  --key '__CLIENT_ID__' --secret '__CLIENT_SECRET__' \
  --auto-discover-url '__ISSUER__/.well-known/openid-configuration' \
  --scopes groups --group-claim-name groups --admin-group gitea-admins \ # ? groups
  --scopes profile --scopes email
