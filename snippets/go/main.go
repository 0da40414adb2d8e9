package main

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
		HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: true, // ? !local
	})
}

func main() {
	provider, err := oidc.NewProvider(context.Background(), "__ISSUER__")
	if err != nil {
		log.Fatal(err)
	}
	endpoint := provider.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleIn__AUTH_STYLE__
	config := oauth2.Config{
		ClientID:     "__CLIENT_ID__",
		ClientSecret: os.Getenv("LATCHKEY_CLIENT_SECRET"),
		RedirectURL:  "__REDIRECT_URI__",
		Endpoint:     endpoint,
		Scopes:       []string{__SCOPES_QUOTED__},
	}
	verifier := provider.Verifier(&oidc.Config{ClientID: config.ClientID})

	http.HandleFunc("__LOGIN_PATH__", func(w http.ResponseWriter, r *http.Request) {
		state, nonce, pkce := oauth2.GenerateVerifier(), oauth2.GenerateVerifier(), oauth2.GenerateVerifier()
		setCookie(w, "state", state)
		setCookie(w, "nonce", nonce)
		setCookie(w, "pkce", pkce)
		url := config.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(pkce))
		http.Redirect(w, r, url, http.StatusSeeOther)
	})

	http.HandleFunc("__CALLBACK_PATH__", func(w http.ResponseWriter, r *http.Request) {
		cookie := func(name string) string {
			if found, err := r.Cookie(name); err == nil {
				return found.Value
			}
			return ""
		}
		if cookie("state") == "" || r.URL.Query().Get("state") != cookie("state") {
			http.Error(w, "start again at __LOGIN_PATH__", http.StatusBadRequest)
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

	log.Fatal(http.ListenAndServe("__LISTEN__", nil))
}
