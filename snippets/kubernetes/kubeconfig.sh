kubectl config set-credentials latchkey \
  --exec-interactive-mode=Never \
  --exec-api-version=client.authentication.k8s.io/v1 \
  --exec-command=kubectl \
  --exec-arg=oidc-login \
  --exec-arg=get-token \
  --exec-arg=--oidc-issuer-url=__ISSUER__ \
  --exec-arg=--oidc-client-id=__CLIENT_ID__ \
  --exec-arg=--oidc-redirect-url=http://__HOSTNAME__:8000__CALLBACK_PATH__ \
  --exec-arg=--listen-address=__HOSTNAME__:8000 \
  --exec-arg=--oidc-pkce-method=S256 \
  --exec-arg=--oidc-extra-scope=groups \ # ? groups
  --exec-arg=--oidc-extra-scope=profile
kubectl config set-context --current --user=latchkey
