pveum realm add latchkey --type openid \
  --issuer-url '__ISSUER__' \
  --client-id '__CLIENT_ID__' --client-key '__CLIENT_SECRET__' \
  --scopes '__SCOPE__' \
  --groups-claim groups --groups-autocreate 1 --groups-overwrite 1 \ # ? groups
  --username-claim subject --autocreate 1
