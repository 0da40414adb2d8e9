ACCESS_TOKEN='…'
curl -sS __ISSUER__/userinfo -H "Authorization: Bearer $ACCESS_TOKEN"
