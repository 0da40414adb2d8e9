// The authenticator of kube-apiserver, with its configuration file: prints whom it takes the token on standard input for.
//
//	authenticator FILE ADDRESS    ADDRESS is where the https issuer of FILE is found without TLS
package main

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apiserver/pkg/apis/apiserver"
	"k8s.io/apiserver/pkg/apis/apiserver/install"
	"k8s.io/apiserver/pkg/apis/apiserver/validation"
	authenticationcel "k8s.io/apiserver/pkg/authentication/cel"
	"k8s.io/apiserver/plugin/pkg/authenticator/token/oidc"
)

// within sends every request to one address, as a proxy that ends TLS does.
type within string

func (to within) RoundTrip(request *http.Request) (*http.Response, error) {
	inner := request.Clone(request.Context())
	inner.URL.Scheme, inner.URL.Host = "http", string(to)
	inner.Header.Set("X-Forwarded-Proto", "https")
	inner.Header.Set("X-Forwarded-Host", request.URL.Host)
	return http.DefaultTransport.RoundTrip(inner)
}

func main() {
	data, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	scheme := runtime.NewScheme()
	install.Install(scheme)
	// Unknown fields are errors, as in kube-apiserver.
	decoded, err := runtime.Decode(serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDecoder(), data)
	if err != nil {
		log.Fatal(err)
	}
	config := decoded.(*apiserver.AuthenticationConfiguration)
	if problems := validation.ValidateAuthenticationConfiguration(authenticationcel.NewDefaultCompiler(), config, nil); len(problems) > 0 {
		log.Fatal(problems.ToAggregate())
	}

	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	authenticator, err := oidc.New(ctx, oidc.Options{
		JWTAuthenticator:     config.JWT[0],
		Client:               &http.Client{Transport: within(os.Args[2])},
		SupportedSigningAlgs: []string{"RS256", "PS256", "ES256"},
	})
	if err != nil {
		log.Fatal(err)
	}
	token, err := io.ReadAll(os.Stdin)
	if err != nil {
		log.Fatal(err)
	}
	// It loads the keys beside the program.
	for authenticator.HealthCheck() != nil && ctx.Err() == nil {
		time.Sleep(50 * time.Millisecond)
	}
	answer, ok, err := authenticator.AuthenticateToken(ctx, strings.TrimSpace(string(token)))
	if err != nil || !ok {
		log.Fatal("refused: ", err)
	}
	json.NewEncoder(os.Stdout).Encode(map[string]any{"name": answer.User.GetName(), "extra": answer.User.GetExtra()})
}
