package main

import (
	"context"
	"encoding/json"
	"log"
	"net/http"
)

func main() {
	requireScope, err := newGuard(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("GET __RESOURCE_PATH__", requireScope("__API_SCOPE_FIRST__",
		func(w http.ResponseWriter, r *http.Request, token Token) {
			w.Header().Set("Content-Type", "application/json")
			json.NewEncoder(w).Encode(map[string]string{"you": token.Sub, "by": token.ClientID})
		}))
	log.Fatal(http.ListenAndServe("localhost:__RESOURCE_PORT__", nil))
}
