curl -sS __ISSUER__/device_authorization \
  -u "__CLIENT_ID__:$LATCHKEY_CLIENT_SECRET" \ # ? basic
  -d client_id=__CLIENT_ID__ \ # ? !basic
  --data-urlencode "client_secret=$LATCHKEY_CLIENT_SECRET" \ # ? post
  --data-urlencode "resource=__RESOURCE__" \ # ? api
  --data-urlencode "scope=__SCOPE__ __API_SCOPE__" # ? api
  --data-urlencode "scope=__SCOPE__" # ? !api
