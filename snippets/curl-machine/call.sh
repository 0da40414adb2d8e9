ACCESS_TOKEN='…'
curl -sS "$URL_OF_THE_API" -H "Authorization: Bearer $ACCESS_TOKEN"
