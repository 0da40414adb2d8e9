package main

import (
	"net/http"

	"github.com/coreos/go-oidc/v3/oidc"
)

const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// backChannel ends the session that the logout token names, which Latchkey posts when somebody signs out elsewhere.
func backChannel(verifier *oidc.IDTokenVerifier) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		r.Body = http.MaxBytesReader(w, r.Body, 20_000)
		token, err := verifier.Verify(r.Context(), r.PostFormValue("logout_token"))
		if err != nil {
			http.Error(w, "not a token of Latchkey", http.StatusBadRequest)
			return
		}
		var claims struct {
			Sid    string
			Events map[string]any
		}
		if err := token.Claims(&claims); err != nil || claims.Events[logoutEvent] == nil || token.Nonce != "" {
			http.Error(w, "not a logout token", http.StatusBadRequest)
			return
		}
		sessions.Range(func(id, each any) bool {
			known := each.(*session)
			if claims.Sid != "" && claims.Sid == known.sid || claims.Sid == "" && token.Subject == known.sub {
				sessions.Delete(id)
			}
			return true
		})
	}
}
