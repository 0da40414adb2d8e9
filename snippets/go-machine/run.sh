go mod init example.com/app
go get github.com/coreos/go-oidc/v3/oidc golang.org/x/oauth2
go get github.com/go-jose/go-jose/v4 # ? key
LATCHKEY_CLIENT_SECRET='…' go run . # ? secret
go run . # ? key
