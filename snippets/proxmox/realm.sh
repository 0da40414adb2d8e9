pveum realm add latchkey --type openid \
  --issuer-url '__ISSUER__' \
  --client-id '__CLIENT_ID__' --client-key '…' \
  --scopes '__SCOPE__' \
  --username-claim subject --autocreate 1
