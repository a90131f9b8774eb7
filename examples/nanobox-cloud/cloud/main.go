// Command cloud is Nimbus, a cloud whose servers are entries in a table: it has
// accounts with tokens, servers and keys that belong to them, and an HTTP API.
// It keeps everything in memory.
//
//	NIMBUS_TOKENS=ann:TOKEN,bob:TOKEN go run ./examples/nanobox-cloud/cloud
package main

import (
	"crypto/rand"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:9191", "where to listen")
	work := flag.Duration("work", 300*time.Millisecond, "how long a server takes to start")
	lose := flag.Int("lose", 0, "have every so many answers to orders lost; 0: none")
	flag.Parse()
	c := &cloud{accounts: map[string]string{}, servers: map[string]*server{}, keys: map[string]*key{}, work: *work, lose: *lose}
	for entry := range strings.SplitSeq(os.Getenv("NIMBUS_TOKENS"), ",") {
		account, token, ok := strings.Cut(entry, ":")
		if !ok {
			log.Fatal("NIMBUS_TOKENS must hold ACCOUNT:TOKEN,ACCOUNT:TOKEN,…")
		}
		c.accounts[token] = account
	}
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("Nimbus listens on http://%s", listener.Addr())
	log.Fatal(http.Serve(listener, c))
}

// cloud is the whole of Nimbus.
type cloud struct {
	accounts map[string]string // by token
	work     time.Duration
	lose     int

	mu      sync.Mutex
	servers map[string]*server
	keys    map[string]*key
	orders  int
	nextIP  int
}

type server struct {
	ID        string `json:"id"`
	Label     string `json:"label"`
	Name      string `json:"name"`
	Location  string `json:"location"`
	Size      string `json:"size"`
	Key       string `json:"key"`
	State     string `json:"state"`
	PublicIP  string `json:"public_ip,omitempty"`
	PrivateIP string `json:"private_ip,omitempty"`
	Boots     int    `json:"boots"`

	account string
	runs    time.Time // when it does
	number  int
}

type key struct {
	ID        string `json:"id"`
	Label     string `json:"label"`
	Name      string `json:"name"`
	PublicKey string `json:"public_key"`

	account string
}

const offers = `{
  "locations": [{"slug": "fra1", "title": "Frankfurt 1"}, {"slug": "par1", "title": "Paris 1"}],
  "sizes": [
    {"slug": "n1", "memory_mb": 1024, "vcpus": 1, "disk_gb": 20, "transfer_tb": 1, "hourly": 0.007, "monthly": 5},
    {"slug": "n2", "memory_mb": 2048, "vcpus": 2, "disk_gb": 40, "transfer_tb": 2, "hourly": 0.014, "monthly": 10}
  ]
}`

// members are what an answer holds.
type members map[string]any

func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<16))
	if err != nil {
		return // half a request is none
	}
	status, answer := c.answer(r, body)
	if c.isLost(r) {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if text, ok := answer.(string); ok {
		_, _ = io.WriteString(w, text) // who has hung up reads nothing
		return
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// isLost reports whether this is an order whose answer gets lost.
func (c *cloud) isLost(r *http.Request) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lose == 0 || r.Method != "POST" || strings.HasSuffix(r.URL.Path, "/reboot") {
		return false
	}
	c.orders++
	return c.orders%c.lose == 0
}

func refuse(status int, text string) (int, any) { return status, members{"error": text} }

func (c *cloud) answer(r *http.Request, body []byte) (int, any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	path := strings.Split(strings.Trim(strings.TrimPrefix(r.URL.Path, "/v1"), "/"), "/")
	switch path[0] {
	case "health":
		return 200, members{}
	case "-": // for whoever tries this out
		return 200, c.overview()
	}
	account, known := c.accounts[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	switch {
	case !known:
		return refuse(401, "This is nobody's token.")
	case path[0] == "account":
		return 200, members{"account": members{"id": account}}
	case path[0] == "offers":
		return 200, offers
	case path[0] == "keys":
		return c.keysOf(account, r, path[1:], body)
	case path[0] == "servers":
		return c.serversOf(account, r, path[1:], body)
	}
	return refuse(404, "There is nothing here.")
}

// overview is all that there is.
func (c *cloud) overview() any {
	servers, keys := []*server{}, []*key{}
	for _, s := range c.servers {
		servers = append(servers, s.now())
	}
	for _, k := range c.keys {
		keys = append(keys, k)
	}
	return members{"servers": servers, "keys": keys}
}

func (c *cloud) keysOf(account string, r *http.Request, path []string, body []byte) (int, any) {
	if len(path) == 0 && r.Method == "POST" {
		k := &key{ID: "key-" + strings.ToLower(rand.Text()[:8]), account: account}
		if err := json.Unmarshal(body, k); err != nil || k.PublicKey == "" {
			return refuse(422, "A key needs public_key.")
		}
		c.keys[k.ID] = k
		return 201, members{"key": k}
	}
	if len(path) == 0 {
		found := []*key{}
		for _, k := range c.keys {
			if k.account == account && k.Label == r.URL.Query().Get("label") {
				found = append(found, k)
			}
		}
		return 200, members{"keys": found}
	}
	k := c.keys[path[0]]
	if k == nil || k.account != account {
		return refuse(404, "There is no such key.")
	}
	if r.Method == "DELETE" {
		delete(c.keys, k.ID)
	}
	return 200, members{"key": k}
}

func (c *cloud) serversOf(account string, r *http.Request, path []string, body []byte) (int, any) {
	if len(path) == 0 && r.Method == "POST" {
		return c.order(account, body)
	}
	if len(path) == 0 {
		found := []*server{}
		for _, s := range c.servers {
			if s.account == account && s.Label == r.URL.Query().Get("label") {
				found = append(found, s.now())
			}
		}
		return 200, members{"servers": found}
	}
	s := c.servers[path[0]]
	if s == nil || s.account != account {
		return refuse(404, "There is no such server.")
	}
	switch {
	case r.Method == "DELETE":
		delete(c.servers, s.ID)
	case r.Method == "PATCH":
		var change struct {
			Name string `json:"name"`
		}
		if err := json.Unmarshal(body, &change); err != nil || change.Name == "" {
			return refuse(422, "A server needs a name.")
		}
		s.Name = change.Name
	case len(path) == 2 && path[1] == "reboot":
		s.Boots, s.runs = s.Boots+1, time.Now().Add(c.work)
	}
	return 200, members{"server": s.now()}
}

func (c *cloud) order(account string, body []byte) (int, any) {
	s := &server{ID: "srv-" + strings.ToLower(rand.Text()[:8]), account: account, runs: time.Now().Add(c.work)}
	if err := json.Unmarshal(body, s); err != nil || s.Size != "n1" && s.Size != "n2" {
		return refuse(422, "There is no such size.")
	}
	if k := c.keys[s.Key]; k == nil || k.account != account {
		return refuse(422, "There is no such key.")
	}
	c.nextIP++
	s.number = c.nextIP
	c.servers[s.ID] = s
	return 202, members{"server": s.now()}
}

// now is a server as it is at the moment.
func (s *server) now() *server {
	seen := *s
	switch waits := time.Now().Before(s.runs); {
	case waits && s.Boots == 0:
		seen.State = "new"
	case waits:
		seen.State = "restarting"
	default:
		seen.State = "running"
	}
	if seen.State != "new" {
		seen.PublicIP, seen.PrivateIP = fmt.Sprintf("192.0.2.%d", 1+s.number%250), fmt.Sprintf("10.99.0.%d", 1+s.number%250)
	}
	return &seen
}
