REFRESH_TOKEN='…'
curl -sS __ISSUER__/token \
  -u "__CLIENT_ID__:$LATCHKEY_CLIENT_SECRET" \ # ? basic
  -d client_id=__CLIENT_ID__ \ # ? !basic
  --data-urlencode "client_secret=$LATCHKEY_CLIENT_SECRET" \ # ? post
  --data-urlencode "refresh_token=$REFRESH_TOKEN" \
  -d grant_type=refresh_token
