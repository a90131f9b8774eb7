package http

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
)

func TestAddressesThatAreNobodysInPublic(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"127.0.0.1", "127.255.255.254", "::1", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "fe80::1", "fe80::1%eth0",
		"fc00::1", "fd00:ec2::254", "0.0.0.0", "0.1.2.3", "::", "100.64.0.1", "192.0.0.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "240.0.0.1", "ff02::1",
		"::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a00:1::1", "::127.0.0.1", "64:ff9b:1::1", "2001:db8::1", "fec0::1", "2001::1", "192.0.2.1",
		"::ffff:0:7f00:1", "::5", "100::1", "3fff::1", "5f00::1", "192.88.99.1",
	} {
		if kindOf(netip.MustParseAddr(text)) == "" {
			t.Errorf("%s counts as public", text)
		}
	}
	for _, text := range []string{"1.1.1.1", "93.184.216.34", "172.15.0.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::1", "64:ff9b::101:101", "2002:101:101::1", "::ffff:1.1.1.1"} {
		if kind := kindOf(netip.MustParseAddr(text)); kind != "" {
			t.Errorf("%s counts as %s", text, kind)
		}
	}
}

// TestNoConnectionIsMadeToAPrivateAddress names the address of a server that
// counts its connections in ways that a look at the text would not catch.
func TestNoConnectionIsMadeToAPrivateAddress(t *testing.T) {
	t.Parallel()
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s := &settings{limit: 100, timeout: time.Second}
	c := &client{http: newHTTPClient(s, nil), limit: s.limit, limiter: s.newLimiter()}
	for _, host := range []string{"127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "127.1"} {
		at, err := url.Parse("http://" + host + ":" + port + "/")
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.send(t.Context(), outgoing{method: "GET", url: at, timeout: 5 * time.Second})
		if err == nil {
			t.Errorf("%s answers", host)
		}
		if host == "127.0.0.1" || host == "localhost" {
			wantFailure(t, err, backend.Internal, "was not sent", "this machine", "private_addresses")
		}
	}
	if n := connections.Load(); n != 0 {
		t.Errorf("%d connections were made", n)
	}
}

// asSomebody leads to the same server, with a password in the address.
func asSomebody(status int) fault {
	return func(w http.ResponseWriter, r *http.Request, _ http.HandlerFunc) {
		w.Header().Set("Location", "http://u:p@"+r.Host+"/v2/there")
		w.WriteHeader(status)
	}
}

// A redirect is followed where that is allowed, by GET, to the same server.
func TestRedirectsAreFollowedOnTheSameServerOnly(t *testing.T) {
	t.Parallel()
	other := newSaaS(t)
	const look = `
action "look" {
  method  = "GET"
  path    = "/look"
  outputs = { body = response.body }
}
action "act" {
  path = "/act"
}
`
	for name, c := range map[string]struct {
		more, action string
		redirect     fault
		ok           bool
	}{
		"not allowed":          {"", "look", says(302, "", "Location", "/v2/there"), false},
		"allowed":              {"redirects = true\n", "look", says(302, "", "Location", "/v2/there"), true},
		"to another server":    {"redirects = true\n", "look", says(307, "", "Location", other.URL+"/v2/there"), false},
		"without a scheme":     {"redirects = true\n", "look", says(307, "", "Location", "//"+strings.TrimPrefix(other.URL, "http://")+"/v2/there"), false},
		"with a user":          {"redirects = true\n", "look", asSomebody(302), false},
		"of what changes":      {"redirects = true\n", "act", says(302, "", "Location", "/v2/there"), false},
		"of what changes, 307": {"redirects = true\n", "act", says(307, "", "Location", "/v2/there"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSaaS(t)
			h := configured(t, connection(s.URL)+c.more+look)
			s.next(func(w http.ResponseWriter, r *http.Request, handle http.HandlerFunc) {
				c.redirect(w, r, handle)
			}, says(200, `{"there": true}`))
			op := someOp(t)
			_, err := h.Invoke(t.Context(), backend.InvokeRequest{Op: op, Action: c.action}, &recorder{})
			if (err == nil) != c.ok {
				t.Errorf("got %v", err)
			}
			if n := len(s.requests()); c.ok && n != 2 || !c.ok && n != 1 {
				t.Errorf("%d requests arrived", n)
			}
			if !c.ok {
				wantFailure(t, err, backend.Internal, "a redirect that is not followed")
			}
		})
	}
	t.Cleanup(func() {
		if n := len(other.requests()); n != 0 {
			t.Errorf("%d requests arrived at another server", n)
		}
	})
}

// authority makes certificates.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir()}
	a.cert, a.key = a.make(&x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, nil, nil)
	a.file = a.write("ca.pem", "CERTIFICATE", a.cert.Raw)
	return a
}

func (a *authority) make(template, parent *x509.Certificate, signer *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.Subject = pkix.Name{CommonName: "test"}
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	if parent == nil {
		parent, signer = template, key
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(raw)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert, key
}

func (a *authority) write(name, kind string, der []byte) string {
	a.t.Helper()
	file := filepath.Join(a.dir, name)
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		a.t.Fatal(err)
	}
	return file
}

// issue writes a certificate and its key.
func (a *authority) issue(name string, hosts ...string) (certFile, keyFile string) {
	a.t.Helper()
	template := &x509.Certificate{DNSNames: hosts, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	if len(hosts) == 0 {
		template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	}
	cert, key := a.make(template, a.cert, a.key)
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	return a.write(name+".pem", "CERTIFICATE", cert.Raw), a.write(name+".key", "EC PRIVATE KEY", der)
}

// serve starts the API behind TLS.
func (a *authority) serve(s *saas, certFile, keyFile string, change func(*tls.Config)) string {
	a.t.Helper()
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		a.t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(s)
	server.Config.ErrorLog = quiet()
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: x509.NewCertPool()}
	server.TLS.ClientCAs.AddCert(a.cert)
	change(server.TLS)
	server.EnableHTTP2 = slices.Contains(server.TLS.NextProtos, "h2")
	server.StartTLS()
	a.t.Cleanup(server.Close)
	return server.URL
}

func TestTLS(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	serverCert, serverKey := a.issue("server")
	namedCert, namedKey := a.issue("named", "api.mailwind.example")
	clientCert, clientKey := a.issue("client")
	stranger := newAuthority(t)
	strangerCert, strangerKey := stranger.issue("stranger")
	key, err := os.ReadFile(clientKey)
	if err != nil {
		t.Fatal(err)
	}
	wantsClient := func(c *tls.Config) { c.ClientAuth = tls.RequireAndVerifyClientCert }
	for name, c := range map[string]struct {
		cert, key string
		change    func(*tls.Config)
		block     string
		words     string // of the error; empty: it works
	}{
		"the system's authorities": {serverCert, serverKey, func(*tls.Config) {}, ``, "certificate"},
		"our authority":            {serverCert, serverKey, func(*tls.Config) {}, `ca_file = "` + a.file + `"`, ""},
		"another authority":        {serverCert, serverKey, func(*tls.Config) {}, `ca_file = "` + stranger.file + `"`, "certificate"},
		"another name":             {namedCert, namedKey, func(*tls.Config) {}, `ca_file = "` + a.file + `"`, "certificate"},
		"another name, told":       {namedCert, namedKey, func(*tls.Config) {}, `ca_file = "` + a.file + "\"\nserver_name = \"api.mailwind.example\"", ""},
		"no client certificate":    {serverCert, serverKey, wantsClient, `ca_file = "` + a.file + `"`, "certificate"},
		"a client certificate":     {serverCert, serverKey, wantsClient, `ca_file = "` + a.file + "\"\ncert_file = \"" + clientCert + "\"\nkey_file = \"" + clientKey + `"`, ""},
		"a key as a secret":        {serverCert, serverKey, wantsClient, `ca_file = "` + a.file + "\"\ncert_file = \"" + clientCert + "\"\nkey = <<EOF\n" + string(key) + "EOF\n", ""},
		"a stranger's certificate": {serverCert, serverKey, wantsClient, `ca_file = "` + a.file + "\"\ncert_file = \"" + strangerCert + "\"\nkey_file = \"" + strangerKey + `"`, "certificate"},
		"too old":                  {serverCert, serverKey, func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, `ca_file = "` + a.file + "\"\nmin_version = \"1.3\"", "protocol version"},
		"much too old":             {serverCert, serverKey, func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }, `ca_file = "` + a.file + `"`, "protocol version"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSaaS(t)
			at := (&authority{t: t, cert: a.cert}).serve(s, c.cert, c.key, c.change)
			h := configured(t, mailwindAt(at, verbs+find)+"tls {\n"+c.block+"\n}\n")
			_, r, err := provision(t, h, someOp(t))
			if c.words == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			wantUnknown(t, err, c.words)
			if s.count() != 0 || len(r.steps) == 0 {
				t.Errorf("%d accounts, %q", s.count(), r.steps)
			}
		})
	}
}

// Over HTTP/2, too, a request is sent once, and every verb works.
func TestHTTP2(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	cert, key := a.issue("server")
	s := newSaaS(t)
	at := a.serve(s, cert, key, func(c *tls.Config) { c.NextProtos = []string{"h2"} })
	h := configured(t, mailwindAt(at, verbs+find)+"tls {\n ca_file = \""+a.file+"\"\n}\n")
	version := func(w http.ResponseWriter, r *http.Request, handle http.HandlerFunc) {
		if r.ProtoMajor != 2 {
			t.Errorf("%s %s came by %s", r.Method, r.URL.Path, r.Proto)
		}
		handle(w, r)
	}
	s.next(version)
	op, _ := mustProvision(t, h, someOp(t))
	for _, reset := range []bool{true, false} {
		before := len(s.requests())
		if reset {
			s.next(hangUp)
		}
		_, err := h.Resume(t.Context(), backend.ResumeRequest{Op: op}, &recorder{})
		if n := len(s.requests()) - before; n != 1 || (err != nil) != reset {
			t.Errorf("%v; %d requests arrived", err, n)
		}
	}
	if _, err := deprovision(t, h, op); err != nil || s.count() != 0 {
		t.Errorf("deprovision: %v", err)
	}
}

func TestFilesOfTLSAreCheckedWhenThePluginStarts(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	cert, key := a.issue("client")
	_, other := a.issue("other")
	for block, want := range map[string]string{
		`ca_file = "/nowhere/ca.pem"`:                               "/nowhere/ca.pem",
		`ca_file = "` + key + `"`:                                   "no certificate in",
		"cert_file = \"" + cert + "\"\nkey_file = \"" + other + `"`: "do not belong together",
		"cert_file = \"" + cert + "\"\nkey = \"secret-text\"":       "do not belong together",
	} {
		config := decoded(t, mailwindAt("https://api.mailwind.example", verbs)+"tls {\n"+block+"\n}\n")
		resp, err := New().Configure(t.Context(), backend.ConfigureRequest{Config: backend.NewValue(ship(config, nil))})
		if err != nil || !strings.Contains(words(resp.Diagnostics), want) || strings.Contains(words(resp.Diagnostics), "secret-text") {
			t.Errorf("%s: %v %s", block, err, words(resp.Diagnostics))
		}
	}
}

// issuer is a server that gives out tokens.
type issuer struct {
	*httptest.Server
	mu      sync.Mutex
	asked   []url.Values
	auth    []string
	faults  []int // statuses
	expires int
}

func newIssuer(t *testing.T, api *saas) *issuer {
	i := &issuer{expires: 3600}
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.mu.Lock()
		defer i.mu.Unlock()
		_ = r.ParseForm()
		i.asked, i.auth = append(i.asked, r.PostForm), append(i.auth, r.Header.Get("Authorization"))
		if len(i.faults) > 0 {
			status := i.faults[0]
			i.faults = i.faults[1:]
			w.Header().Set("Retry-After", "3")
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			fmt.Fprintf(w, `{"error":"invalid_client","error_description":%q}`, r.PostForm.Encode()+r.Header.Get("Authorization")+"secret-client")
			return
		}
		token := fmt.Sprint("token-", len(i.asked))
		api.mu.Lock()
		api.wantToken = token
		api.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"access_token": token, "token_type": "bearer", "expires_in": i.expires})
	}))
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) times() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.asked)
}

func (i *issuer) config(api *saas, more string) string {
	return strings.Replace(api.mailwind(verbs+find), `headers           = { Authorization = "Bearer ${secret("token")}" }`, "", 1) + `
oauth2 {
  token_url     = "` + i.URL + `/token"
  client_id     = "partner"
  client_secret = secret("client")
  scopes        = ["mail", "admin"]
  params        = { audience = "api" }
` + more + `
}
`
}

func TestTokensAreFetchedAndKept(t *testing.T) {
	t.Parallel()
	s := newSaaS(t)
	i := newIssuer(t, s)
	h := configured(t, i.config(s, ""))
	op, _ := mustProvision(t, h, someOp(t))
	if _, err := deprovision(t, h, op); err != nil {
		t.Fatal(err)
	}
	if n := i.times(); n != 1 {
		t.Errorf("%d tokens were fetched", n)
	}
	if got := i.asked[0].Encode(); got != "audience=api&grant_type=client_credentials&scope=mail+admin" || !strings.HasPrefix(i.auth[0], "Basic ") {
		t.Errorf("asked with %s, %q", got, i.auth[0])
	}
	// One that is over is replaced, once.
	s.mu.Lock()
	s.wantToken = "another one"
	s.mu.Unlock()
	if op, _ = mustProvision(t, h, someOp(t)); i.times() != 2 {
		t.Errorf("%d tokens were fetched", i.times())
	}
	s.next(says(401, "{}"), says(401, "{}"))
	_, _, err := provision(t, h, op)
	wantFailure(t, err, backend.Internal, "answers 401")
	if i.times() != 3 {
		t.Errorf("%d tokens were fetched", i.times())
	}
}

// Nobody has told the gateway of a token, so it can't mask it.
func TestNoMessageAndNoStateHoldsAToken(t *testing.T) {
	t.Parallel()
	s := newSaaS(t)
	i := newIssuer(t, s)
	sentence := "message = response.body.error.message"
	h := configured(t, strings.Replace(i.config(s, ""), sentence, sentence+"\n  customer = response.body.error.message\n  poll {\n    interval = \"5ms\"\n  }", 1))
	echo := func(w http.ResponseWriter, r *http.Request, _ http.HandlerFunc) {
		s.write(w, problem(422, "who is "+r.Header.Get("Authorization")))
	}
	s.next(echo)
	op := someOp(t)
	_, _, err := provision(t, h, op)
	if f := wantFailure(t, err, backend.Invalid, "answers 422"); strings.Contains(f.Message+f.Customer, "token-1") {
		t.Errorf("%q, %q", f.Message, f.Customer)
	}
	s.next(func(w http.ResponseWriter, r *http.Request, handle http.HandlerFunc) {
		says(202, "", "Location", "/v2/work?by="+url.QueryEscape(r.Header.Get("Authorization")))(w, r, handle)
	}, echo)
	_, r, err := provision(t, h, op)
	wantFailure(t, err, backend.Invalid, "poll: GET /v2/work answers 422")
	if strings.Contains(err.Error()+string(r.lastState()), "token-1") {
		t.Errorf("%v, %s", err, r.lastState())
	}
}

// The name that is told for the certificate of the API is not that of whom gives
// out tokens.
func TestTokensComeFromAServerWithANameOfItsOwn(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	apiCert, apiKey := a.issue("api", "api.mailwind.example")
	tokenCert, tokenKey := a.issue("token")
	s := newSaaS(t)
	i := newIssuer(t, s)
	i.Listener.Close()
	pair, err := tls.LoadX509KeyPair(tokenCert, tokenKey)
	if err != nil {
		t.Fatal(err)
	}
	login := httptest.NewUnstartedServer(i.Config.Handler)
	login.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	login.StartTLS()
	t.Cleanup(login.Close)
	i.URL = login.URL
	at := a.serve(s, apiCert, apiKey, func(*tls.Config) {})
	h := configured(t, strings.Replace(i.config(s, ""), s.URL, at, 1)+"tls {\n ca_file = \""+a.file+"\"\n server_name = \"api.mailwind.example\"\n}\n")
	mustProvision(t, h, someOp(t))
}

func TestATokenThatIsAboutToExpireIsReplaced(t *testing.T) {
	t.Parallel()
	s := newSaaS(t)
	i := newIssuer(t, s)
	i.expires = 5 // a few seconds are no time
	h := configured(t, i.config(s, `credentials_in = "body"`))
	op, _ := mustProvision(t, h, someOp(t))
	if _, err := deprovision(t, h, op); err != nil {
		t.Fatal(err)
	}
	if n := i.times(); n < 2 {
		t.Errorf("%d tokens were fetched", n)
	}
	if got := i.asked[0]; got.Get("client_id") != "partner" || got.Get("client_secret") != "secret-client" || i.auth[0] != "" {
		t.Errorf("asked with %v, %q", got, i.auth[0])
	}
}

func TestWithoutATokenNothingIsSent(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]backend.Class{400: backend.Internal, 401: backend.Internal, 429: backend.Retryable, 503: backend.Retryable} {
		s := newSaaS(t)
		i := newIssuer(t, s)
		i.faults = []int{status}
		h := configured(t, i.config(s, ""))
		op := someOp(t)
		_, r, err := provision(t, h, op)
		f := wantFailure(t, err, want, fmt.Sprint("token_url answers ", status))
		if strings.Contains(f.Error(), "secret-client") || strings.Contains(f.Error(), "Basic") || strings.Contains(f.Error(), "invalid_client") {
			t.Errorf("%d: the answer is repeated: %v", status, f)
		}
		if (want == backend.Retryable) != (f.RetryAfter == 3*time.Second) {
			t.Errorf("%d: come back after %v", status, f.RetryAfter)
		}
		if n := len(s.requests()); n != 0 || strings.Contains(string(r.lastState()), "ordered") {
			t.Errorf("%d: %d requests, state %s", status, n, r.lastState())
		}
	}
	s := newSaaS(t)
	i := newIssuer(t, s)
	h := configured(t, i.config(s, ""))
	i.Close()
	_, _, err := provision(t, h, someOp(t))
	wantFailure(t, err, backend.Retryable, "token_url can't be reached", "refused")
}

func TestRequestsAreHeldBack(t *testing.T) {
	t.Parallel()
	s := newSaaS(t)
	h := configured(t, s.mailwind(verbs+find+"rate_limit = 0.01\n"))
	op, _ := mustProvision(t, h, someOp(t)) // the first is free
	op.Deadline = time.Now().Add(5 * time.Second)
	_, err := h.Suspend(t.Context(), backend.SuspendRequest{Op: op}, &recorder{})
	if f := wantFailure(t, err, backend.Retryable, "not sent", "rate_limit"); f.RetryAfter == 0 {
		t.Error("no time to come back")
	}
	if n := len(s.requests()); n != 1 {
		t.Errorf("%d requests arrived", n)
	}
	s = newSaaS(t)
	h = configured(t, s.mailwind(verbs+find+"rate_limit = 50\n"))
	op, _ = mustProvision(t, h, someOp(t))
	begun := time.Now()
	for range 60 { // 50 at once, then one every 20 ms
		if _, err := h.Read(t.Context(), backend.ReadRequest{Op: op}); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(begun); took < 150*time.Millisecond {
		t.Errorf("60 requests took %v", took)
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	s := newSaaS(t)
	h := configured(t, s.mailwind(verbs))
	for fault, want := range map[string]fault{"": right, "GET /v2/health answers 503": says(503, "")} {
		s.next(want)
		got, err := h.Health(t.Context(), backend.HealthRequest{})
		if err != nil || got.OK != (fault == "") || !strings.Contains(got.Detail, fault) {
			t.Errorf("%s: %+v, %v", fault, got, err)
		}
	}
	s.Close()
	if got, err := h.Health(t.Context(), backend.HealthRequest{}); err != nil || got.OK || !strings.Contains(got.Detail, "refused") {
		t.Errorf("of an API that is away: %+v, %v", got, err)
	}
	if got, err := New().Health(t.Context(), backend.HealthRequest{}); err != nil || got.OK {
		t.Errorf("before Configure: %+v, %v", got, err)
	}
	h = configured(t, s.mailwind(strings.Replace(verbs, "health {\n  path = \"/health\"\n}", "", 1)))
	if got, err := h.Health(t.Context(), backend.HealthRequest{}); err != nil || !got.OK || got.Detail == "" {
		t.Errorf("without a way to ask: %+v, %v", got, err)
	}
}

// Every call before Configure is a bug of the caller, not a panic of ours.
func TestCallsBeforeConfigureFail(t *testing.T) {
	t.Parallel()
	_, err := New().Provision(t.Context(), backend.ProvisionRequest{Op: someOp(t)}, &recorder{})
	wantFailure(t, err, backend.Internal, "before Configure")
	h := configured(t, connection("http://127.0.0.1:1")+"action \"a\" {\n path = \"/a\"\n}\n")
	_, err = h.ChangePlan(t.Context(), backend.ChangePlanRequest{Op: someOp(t)}, &recorder{})
	wantFailure(t, err, backend.Unsupported, "no block change_plan")
	op := someOp(t)
	op.State = []byte(`"x"`)
	_, err = h.Invoke(t.Context(), backend.InvokeRequest{Op: op, Action: "a", Args: value(map[string]cty.Value{})}, &recorder{})
	wantFailure(t, err, backend.Internal, "not written by this plugin")
}
