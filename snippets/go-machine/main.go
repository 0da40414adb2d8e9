package main

import (
	"context"
	"fmt"
	"log"
	"os" // ? secret
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
		ClientSecret:   os.Getenv("LATCHKEY_CLIENT_SECRET"), // ? secret
		TokenURL:       provider.Endpoint().TokenURL,
		AuthStyle:      oauth2.AuthStyleIn__AUTH_STYLE__,
		Scopes:         strings.Fields("__API_SCOPE__"), // ? api
		EndpointParams: map[string][]string{"resource": {"__RESOURCE__"}}, // ? api
	}
	source := config.TokenSource(ctx) // ? secret
	source, err := keyed(ctx, config, "__ISSUER__", "private-key.jwk") // ? key
	if err != nil { // ? key
		log.Fatal(err) // ? key
	} // ? key
	// oauth2.NewClient(ctx, source) is an http.Client that sends a token and renews it by itself.
	token, err := source.Token()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("a token until", token.Expiry)
}
