package main

import (
	"context"
	"encoding/json"
	"maps"
	"net/url"
	"os"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// keySource gets each token with an assertion of its own, which is good once.
type keySource struct {
	ctx    context.Context
	config clientcredentials.Config
	issuer string
	signer jose.Signer
}

// keyed is for a client with a key: ES256, as a JWK in a file; its public half is registered.
func keyed(ctx context.Context, config clientcredentials.Config, issuer, file string) (oauth2.TokenSource, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var key jose.JSONWebKey
	if err := json.Unmarshal(text, &key); err != nil {
		return nil, err
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, nil)
	if err != nil {
		return nil, err
	}
	return oauth2.ReuseTokenSource(nil, keySource{ctx, config, issuer, signer}), nil
}

func (s keySource) Token() (*oauth2.Token, error) {
	now := time.Now().Unix()
	assertion, err := jwt.Signed(s.signer).Claims(map[string]any{
		"iss": s.config.ClientID, "sub": s.config.ClientID, "aud": s.issuer,
		"iat": now, "exp": now + 60, "jti": oauth2.GenerateVerifier(),
	}).Serialize()
	if err != nil {
		return nil, err
	}
	config := s.config
	config.EndpointParams = url.Values{
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		"client_assertion":      {assertion},
	}
	maps.Copy(config.EndpointParams, s.config.EndpointParams)
	return config.Token(s.ctx)
}
