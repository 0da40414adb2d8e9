php occ app:install user_oidc
php occ config:app:set user_oidc allow_multiple_user_backends --value=1
php occ user_oidc:provider latchkey \
  --clientid='__CLIENT_ID__' --clientsecret='__CLIENT_SECRET__' \
  --discoveryuri='__ISSUER__/.well-known/openid-configuration' \
  --scope='__SCOPE__' --unique-uid=0 \
  --group-provisioning=1 --mapping-groups=groups \ # ? groups
  --mapping-uid=sub --mapping-display-name=name --mapping-email=email
php occ config:system:set user_oidc use_pkce --type=boolean --value=true
