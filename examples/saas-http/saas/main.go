// Command saas is Mailwind, a service that sends e-mail (it only counts it) and
// has an HTTP API for partners, as many a SaaS has one. It keeps everything in
// memory, and misbehaves on demand:
//
//	go run ./examples/saas-http/saas -misbehave lost,500,slow -every 3
//
// Or while it runs, for the next requests only:
//
//	curl -d '["lost", "wrong-types"]' http://127.0.0.1:9090/-/misbehave
package main

import (
	"encoding/json"
	"flag"
	"log"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:9090", "where to listen")
	misbehave := flag.String("misbehave", "", "what goes wrong, one after the other: "+strings.Join(kindsOfTrouble(), ", "))
	every := flag.Int("every", 4, "with -misbehave: how many requests come until the next one goes wrong")
	work := flag.Duration("work", 300*time.Millisecond, "how long an account takes to be made")
	flag.Parse()
	token := os.Getenv("MAILWIND_PARTNER_TOKEN")
	if token == "" {
		log.Fatal("MAILWIND_PARTNER_TOKEN must hold the token that partners send")
	}
	var kinds []string
	if *misbehave != "" {
		kinds = strings.Split(*misbehave, ",")
	}
	for _, kind := range kinds {
		if !slices.Contains(kindsOfTrouble(), kind) {
			log.Fatalf("%q is no kind of trouble: there are %s", kind, strings.Join(kindsOfTrouble(), ", "))
		}
	}
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("Mailwind listens on http://%s", listener.Addr())
	service := newService(token, *work)
	log.Fatal(http.Serve(listener, newTrouble(service, kinds, *every)))
}

// reply is an answer.
type reply struct {
	status   int
	body     any
	location string
}

func (a reply) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	if a.location != "" {
		w.Header().Set("Location", a.location)
		w.Header().Set("Retry-After", "0")
	}
	w.WriteHeader(a.status)
	if a.body != nil {
		_ = json.NewEncoder(w).Encode(a.body) // who has hung up reads nothing
	}
}

func refusal(status int, message string) reply {
	return reply{status: status, body: map[string]any{"error": map[string]string{"message": message}}}
}
