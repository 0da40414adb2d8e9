import { loginPath, SECRET, type Snippet, type SnippetValues } from './snippet.ts'

const web = ({ issuer, clientId, secret, redirectUri, scope }: SnippetValues) => {
  const { pathname, protocol, host } = new URL(redirectUri)
  const listen = protocol === 'http:' ? host : ':3000'
  return `package main

import (
	"context"
	"encoding/json"
	"log"
	"net/http"
	"os"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

func setCookie(w http.ResponseWriter, name, value string) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: 600,
		HttpOnly: true, Secure: ${protocol === 'https:'}, SameSite: http.SameSiteLaxMode,
	})
}

func main() {
	provider, err := oidc.NewProvider(context.Background(), "${issuer}")
	if err != nil {
		log.Fatal(err)
	}
	endpoint := provider.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleIn${secret === 'post' ? 'Params' : 'Header'}
	config := oauth2.Config{
		ClientID:     "${clientId}",
		ClientSecret: os.Getenv("${SECRET}"),
		RedirectURL:  "${redirectUri}",
		Endpoint:     endpoint,
		Scopes:       []string{${scope
      .split(' ')
      .map((each) => `"${each}"`)
      .join(', ')}},
	}
	verifier := provider.Verifier(&oidc.Config{ClientID: config.ClientID})

	http.HandleFunc("${loginPath(redirectUri)}", func(w http.ResponseWriter, r *http.Request) {
		state, nonce, pkce := oauth2.GenerateVerifier(), oauth2.GenerateVerifier(), oauth2.GenerateVerifier()
		setCookie(w, "state", state)
		setCookie(w, "nonce", nonce)
		setCookie(w, "pkce", pkce)
		url := config.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(pkce))
		http.Redirect(w, r, url, http.StatusSeeOther)
	})

	http.HandleFunc("${pathname}", func(w http.ResponseWriter, r *http.Request) {
		cookie := func(name string) string {
			if found, err := r.Cookie(name); err == nil {
				return found.Value
			}
			return ""
		}
		if cookie("state") == "" || r.URL.Query().Get("state") != cookie("state") {
			http.Error(w, "start again at ${loginPath(redirectUri)}", http.StatusBadRequest)
			return
		}
		token, err := config.Exchange(r.Context(), r.URL.Query().Get("code"), oauth2.VerifierOption(cookie("pkce")))
		if err != nil {
			http.Error(w, "signing in did not work", http.StatusBadRequest)
			return
		}
		raw, _ := token.Extra("id_token").(string)
		idToken, err := verifier.Verify(r.Context(), raw)
		if err != nil || idToken.Nonce != cookie("nonce") {
			http.Error(w, "the ID token is not for this sign-in", http.StatusBadRequest)
			return
		}
		var person map[string]any
		if err := idToken.Claims(&person); err != nil {
			http.Error(w, "the ID token cannot be read", http.StatusBadRequest)
			return
		}
		// Start a session of your own here.
		json.NewEncoder(w).Encode(person)
	})

	log.Fatal(http.ListenAndServe("${listen}", nil))
}
`
}

const machine = ({ issuer, clientId, secret, scope, resource }: SnippetValues) => `package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

func main() {
	ctx := context.Background()
	provider, err := oidc.NewProvider(ctx, "${issuer}")
	if err != nil {
		log.Fatal(err)
	}
	config := clientcredentials.Config{
		ClientID:     "${clientId}",
		ClientSecret: os.Getenv("${SECRET}"),
		TokenURL:     provider.Endpoint().TokenURL,
		AuthStyle:    oauth2.AuthStyleIn${secret === 'post' ? 'Params' : 'Header'},
		Scopes:       []string{${scope
      .split(' ')
      .filter(Boolean)
      .map((each) => `"${each}"`)
      .join(', ')}},${
      resource ? `\n		EndpointParams: map[string][]string{"resource": {"${resource}"}},` : ''
    }
	}
	// config.Client(ctx) is an http.Client that sends a token and renews it by itself.
	token, err := config.Token(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("a token until", token.Expiry)
}
`

/** Go with coreos/go-oidc and golang.org/x/oauth2. */
export const go: Snippet = {
  id: 'go',
  name: 'Go (go-oidc)',
  kinds: ['web', 'machine'],
  fits: ({ secret }) => secret !== undefined,
  parts: (values) => [
    { label: 'main.go', text: values.kind === 'machine' ? machine(values) : web(values) },
    {
      label: 'Run',
      text: `go mod init example.com/app
go get github.com/coreos/go-oidc/v3 golang.org/x/oauth2
${SECRET}='…' go run .
`,
    },
  ],
}
