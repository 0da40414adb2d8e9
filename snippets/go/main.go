package main

import (
	"context"
	"html/template"
	"io" // ? api
	"log"
	"net/http"
	"net/url"
	"os"
	"sync"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// session is what is kept of a sign-in: in one process's memory. Use your database instead.
type session struct {
	tokens  oauth2.TokenSource // refreshes by itself
	idToken string
	sub     string
	sid     string
}

var sessions sync.Map

var page = template.Must(template.New("page").Parse(`<!doctype html><title>App</title>
{{if .}}<p>{{.name}}, {{.email}}</p><a href="/logout">Sign out</a>
{{else}}<a href="__LOGIN_PATH__">Sign in</a>{{end}}`))

func setCookie(w http.ResponseWriter, name, value string, seconds int) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: seconds,
		HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: true, // ? !local
	})
}

func cookie(r *http.Request, name string) string {
	if found, err := r.Cookie(name); err == nil {
		return found.Value
	}
	return ""
}

func main() {
	ctx := context.Background()
	provider, err := oidc.NewProvider(ctx, "__ISSUER__")
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

	http.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		var person map[string]any
		if found, ok := sessions.Load(cookie(r, "session")); ok {
			info, err := provider.UserInfo(ctx, found.(*session).tokens)
			if err != nil || info.Claims(&person) != nil {
				// Signed out at Latchkey, say.
				sessions.Delete(cookie(r, "session"))
				person = nil
			}
		}
		page.Execute(w, person)
	})

	http.HandleFunc("GET __LOGIN_PATH__", func(w http.ResponseWriter, r *http.Request) {
		state, nonce, pkce := oauth2.GenerateVerifier(), oauth2.GenerateVerifier(), oauth2.GenerateVerifier()
		setCookie(w, "state", state, 600)
		setCookie(w, "nonce", nonce, 600)
		setCookie(w, "pkce", pkce, 600)
		to := config.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(pkce))
		http.Redirect(w, r, to, http.StatusSeeOther)
	})

	http.HandleFunc("GET __CALLBACK_PATH__", func(w http.ResponseWriter, r *http.Request) {
		if cookie(r, "state") == "" || r.URL.Query().Get("state") != cookie(r, "state") {
			http.Error(w, "start again at __LOGIN_PATH__", http.StatusBadRequest)
			return
		}
		token, err := config.Exchange(ctx, r.URL.Query().Get("code"), oauth2.VerifierOption(cookie(r, "pkce")))
		if err != nil {
			http.Error(w, "signing in did not work", http.StatusBadRequest)
			return
		}
		raw, _ := token.Extra("id_token").(string)
		idToken, err := verifier.Verify(ctx, raw)
		if err != nil || idToken.Nonce != cookie(r, "nonce") {
			http.Error(w, "the ID token is not for this sign-in", http.StatusBadRequest)
			return
		}
		var claims struct{ Sid string }
		if err := idToken.Claims(&claims); err != nil {
			http.Error(w, "the ID token cannot be read", http.StatusBadRequest)
			return
		}
		id := oauth2.GenerateVerifier()
		sessions.Store(id, &session{config.TokenSource(ctx, token), raw, idToken.Subject, claims.Sid})
		setCookie(w, "session", id, 0)
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})

	http.HandleFunc("GET /api", func(w http.ResponseWriter, r *http.Request) { // ? api
		found, ok := sessions.Load(cookie(r, "session")) // ? api
		if !ok { // ? api
			http.Error(w, "not signed in", http.StatusUnauthorized) // ? api
			return // ? api
		} // ? api
		response, err := oauth2.NewClient(ctx, found.(*session).tokens).Get("__RESOURCE__") // ? api
		if err != nil { // ? api
			http.Error(w, "the API cannot be reached", http.StatusBadGateway) // ? api
			return // ? api
		} // ? api
		defer response.Body.Close() // ? api
		w.WriteHeader(response.StatusCode) // ? api
		io.Copy(w, response.Body) // ? api
	}) // ? api

	http.HandleFunc("GET /logout", func(w http.ResponseWriter, r *http.Request) {
		to := url.Values{"client_id": {config.ClientID}, "post_logout_redirect_uri": {"__POST_LOGOUT_URI__"}}
		if found, ok := sessions.LoadAndDelete(cookie(r, "session")); ok {
			to.Set("id_token_hint", found.(*session).idToken)
		}
		setCookie(w, "session", "", -1)
		var known struct {
			EndSession string `json:"end_session_endpoint"`
		}
		provider.Claims(&known)
		http.Redirect(w, r, known.EndSession+"?"+to.Encode(), http.StatusSeeOther)
	})

	http.HandleFunc("POST __BACKCHANNEL_PATH__", backChannel(verifier)) // ? backchannel

	log.Fatal(http.ListenAndServe("__LISTEN__", nil))
}
