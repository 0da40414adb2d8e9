kubectl -n argocd patch secret argocd-secret --type merge -p '{"stringData":{"oidc.latchkey.clientSecret":"__CLIENT_SECRET__"}}'
