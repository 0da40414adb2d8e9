VERIFIER="$(openssl rand -hex 32)"
CHALLENGE="$(printf %s "$VERIFIER" | openssl dgst -sha256 -binary | openssl base64 | tr '+/' '-_' | tr -d '=')"
echo "__ISSUER__/authorize?__AUTHORIZE_QUERY__&code_challenge=$CHALLENGE&code_challenge_method=S256"
