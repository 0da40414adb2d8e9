DEVICE_CODE='…'
INTERVAL=5
while :; do
  ANSWER=$(
    curl -sS __ISSUER__/token \
      -u "__CLIENT_ID__:$LATCHKEY_CLIENT_SECRET" \ # ? basic
      -d client_id=__CLIENT_ID__ \ # ? !basic
      --data-urlencode "client_secret=$LATCHKEY_CLIENT_SECRET" \ # ? post
      --data-urlencode "device_code=$DEVICE_CODE" \
      -d grant_type=urn:ietf:params:oauth:grant-type:device_code
  )
  case $ANSWER in
    *'"authorization_pending"'*) ;;
    *'"slow_down"'*) INTERVAL=$((INTERVAL + 5)) ;;
    *) break ;;
  esac
  sleep "$INTERVAL"
done
echo "$ANSWER"
