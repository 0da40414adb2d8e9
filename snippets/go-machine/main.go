package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"strings" // ? api

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

func main() {
	ctx := context.Background()
	provider, err := oidc.NewProvider(ctx, "__ISSUER__")
	if err != nil {
		log.Fatal(err)
	}
	config := clientcredentials.Config{
		ClientID:       "__CLIENT_ID__",
		ClientSecret:   os.Getenv("LATCHKEY_CLIENT_SECRET"),
		TokenURL:       provider.Endpoint().TokenURL,
		AuthStyle:      oauth2.AuthStyleIn__AUTH_STYLE__,
		Scopes:         strings.Fields("__API_SCOPE__"), // ? api
		EndpointParams: map[string][]string{"resource": {"__RESOURCE__"}}, // ? api
	}
	// config.Client(ctx) is an http.Client that sends a token and renews it by itself.
	token, err := config.Token(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("a token until", token.Expiry)
}
