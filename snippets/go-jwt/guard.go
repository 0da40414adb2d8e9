package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
)

// Token is what an access token says.
type Token struct {
	Sub      string          `json:"sub"`
	ClientID string          `json:"client_id"`
	Scope    string          `json:"scope"`
	Jti      string          `json:"jti"`
	Cnf      json.RawMessage `json:"cnf"`
}

// typeOf reads the header of a JWT, which is checked afterwards.
func typeOf(token string) string {
	head, _, _ := strings.Cut(token, ".")
	var header struct{ Typ string }
	if raw, err := base64.RawURLEncoding.DecodeString(head); err == nil {
		json.Unmarshal(raw, &header)
	}
	return strings.ToLower(header.Typ)
}

// newGuard gives what lets in who brings a token for this API with a scope.
func newGuard(ctx context.Context) (func(scope string, next func(http.ResponseWriter, *http.Request, Token)) http.HandlerFunc, error) {
	provider, err := oidc.NewProvider(ctx, "__ISSUER__")
	if err != nil {
		return nil, err
	}
	// The audience of an access token is the API.
	verifier := provider.VerifierContext(ctx, &oidc.Config{
		ClientID:             "__RESOURCE__",
		SupportedSigningAlgs: []string{oidc.RS256, oidc.PS256, oidc.ES256, oidc.EdDSA},
	})
	refuse := func(w http.ResponseWriter, status int, challenge string) {
		w.Header().Set("WWW-Authenticate", "Bearer "+challenge)
		http.Error(w, http.StatusText(status), status)
	}
	return func(scope string, next func(http.ResponseWriter, *http.Request, Token)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			kind, raw, _ := strings.Cut(r.Header.Get("Authorization"), " ")
			if !strings.EqualFold(kind, "Bearer") || raw == "" {
				refuse(w, http.StatusUnauthorized, `scope="`+scope+`"`)
				return
			}
			verified, err := verifier.Verify(r.Context(), raw)
			var token Token
			// What is bound to a key (DPoP) is of no use as a bearer token.
			if err != nil || typeOf(raw) != "at+jwt" || verified.Claims(&token) != nil ||
				token.ClientID == "" || token.Jti == "" || token.Cnf != nil {
				refuse(w, http.StatusUnauthorized, `error="invalid_token"`)
				return
			}
			if !slices.Contains(strings.Fields(token.Scope), scope) {
				refuse(w, http.StatusForbidden, `error="insufficient_scope", scope="`+scope+`"`)
				return
			}
			next(w, r, token)
		}
	}, nil
}
