go mod init example.com/api
go get github.com/coreos/go-oidc/v3/oidc
go run .
