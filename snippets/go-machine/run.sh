go mod init example.com/app
go get github.com/coreos/go-oidc/v3/oidc golang.org/x/oauth2
LATCHKEY_CLIENT_SECRET='…' go run .
