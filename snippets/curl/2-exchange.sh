read -rs LATCHKEY_CLIENT_SECRET # it is not shown while you paste it # ? secret
CODE='…'
curl -sS __ISSUER__/token \
  -u "__CLIENT_ID__:$LATCHKEY_CLIENT_SECRET" \ # ? basic
  -d client_id=__CLIENT_ID__ \ # ? !basic
  --data-urlencode "client_secret=$LATCHKEY_CLIENT_SECRET" \ # ? post
  -d grant_type=authorization_code \
  --data-urlencode "redirect_uri=__REDIRECT_URI__" \
  -d "code_verifier=$VERIFIER" \
  -d "code=$CODE"
