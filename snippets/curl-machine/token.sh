curl -sS __ISSUER__/token \
  -u "__CLIENT_ID__:$LATCHKEY_CLIENT_SECRET" \ # ? basic
  -d client_id=__CLIENT_ID__ \ # ? post
  --data-urlencode "client_secret=$LATCHKEY_CLIENT_SECRET" \ # ? post
  --data-urlencode "scope=__API_SCOPE__" \ # ? api
  --data-urlencode "resource=__RESOURCE__" \ # ? api
  -d grant_type=client_credentials
