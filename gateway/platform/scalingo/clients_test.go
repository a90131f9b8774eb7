package scalingo

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform/platformtest"
)

// wire sends requests byte for byte over one connection, as a client does that
// keeps it alive.
type wire struct {
	t      *testing.T
	conn   net.Conn
	reader *bufio.Reader
	host   string
	path   string // of the manifest's base_url
}

func dial(t *testing.T, base string) *wire {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &wire{t: t, conn: conn, reader: bufio.NewReader(conn), host: u.Host, path: u.Path}
}

// say sends a request whose header lines are given, and returns the answer.
func (w *wire) say(method, path, body string, header ...string) (int, string) {
	w.t.Helper()
	lines := append([]string{method + " " + w.path + path + " HTTP/1.1", "Host: " + w.host}, header...)
	lines = append(lines, "Authorization: Basic "+base64.StdEncoding.EncodeToString([]byte("acme-db:"+password)), "", body)
	if _, err := io.WriteString(w.conn, strings.Join(lines, "\r\n")); err != nil {
		w.t.Fatal(err)
	}
	response, err := http.ReadResponse(w.reader, &http.Request{Method: method})
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return response.StatusCode, string(answer)
}

// judgement is what scalingo-addon-api-tester reads of an answer.
type judgement struct {
	ID      string            `json:"id"`
	Config  map[string]string `json:"config"`
	Message string            `json:"message"`
}

// goTester sends what scalingo-addon-api-tester sends.
func (w *wire) goTester(method, path, body string) (int, string) {
	header := []string{"User-Agent: Go-http-client/1.1", fmt.Sprint("Content-Length: ", len(body))}
	if method != "DELETE" {
		header = append(header, "Accept: application/json", "Content-Type: application/json")
	}
	return w.say(method, path, body, append(header, "Accept-Encoding: gzip")...)
}

func TestScalingosTesterIsSatisfied(t *testing.T) {
	for name, slash := range map[string]string{"base_url as it is": "", "base_url with a slash": "/"} {
		t.Run(name, func(t *testing.T) {
			m := newTestMount(t, common(), "")
			w := dial(t, platformtest.Serve(t, m, platformtest.NewMemory(m.Scope(), "DATABASE_URL", "acme_host"))+resourcesPath)
			status, text := w.goTester("POST", slash, `{"plan":"free","app_id":"happy-elephant","options":null}`)
			var made judgement
			if err := json.Unmarshal([]byte(text), &made); err != nil || !slices.Contains([]int{200, 201, 202}, status) || made.ID == "" || made.Message == "" {
				t.Fatalf("provision: %d %s, %v", status, text, err)
			}
			undeclared(t, made.Config)
			var changed judgement
			status, text = w.goTester("PUT", slash+"/"+made.ID, `{"plan":"premium","options":{"pool":"100","tier":"b"}}`)
			if err := json.Unmarshal([]byte(text), &changed); err != nil || status != 200 {
				t.Fatalf("update: %d %s, %v", status, text, err)
			}
			undeclared(t, changed.Config)
			for range 2 {
				if status, text := w.goTester("DELETE", slash+"/"+made.ID, "null"); status != 204 || text != "" {
					t.Errorf("deprovision: %d %q", status, text)
				}
			}
			if status, _ := w.goTester("DELETE", slash+"/a/b?c", "null"); status != 404 {
				t.Errorf("an id that nobody escaped: %d", status)
			}
		})
	}
}

func undeclared(t *testing.T, config map[string]string) {
	t.Helper()
	for name := range config {
		if name != "DATABASE_URL" && name != "acme_host" {
			t.Errorf("%s is not in the manifest", name)
		}
	}
}

// javaScript sends what the client for Scalingo's own database service sends.
func (w *wire) javaScript(method, path, body string) (int, string) {
	header := []string{"Accept: application/json, text/plain, */*", "User-Agent: axios/1.12.2", "Accept-Encoding: gzip, compress, deflate, br", "Connection: keep-alive"}
	if body != "" {
		header = append(header, "Content-Type: application/json", fmt.Sprint("Content-Length: ", len(body)))
	}
	return w.say(method, path, body, header...)
}

func TestScalingosNewerClientIsSatisfied(t *testing.T) {
	c := common()
	c.OptionNames = []string{"nodes"}
	m := newTestMount(t, c, "")
	memory := platformtest.NewMemory(m.Scope(), "DATABASE_URL")
	w := dial(t, platformtest.Serve(t, m, memory)+resourcesPath)
	const order = `{"plan":"free","app_id":"54100930736f7563d5030000","uuid":"ad-5fe9bd33-5b9b-4b0e-a0c1-2f8f4ba2d0d5","options":{"nodes":3}}`
	status, text := w.javaScript("POST", "", order)
	var made judgement
	if err := json.Unmarshal([]byte(text), &made); err != nil || status != 201 {
		t.Fatalf("create: %d %s, %v", status, text, err)
	}
	if again, same := w.javaScript("POST", "", order); again != 201 || same != text {
		t.Errorf("create, sent again: %d %s", again, same)
	}
	if got := memory.Orders()[0].Options["nodes"]; got != "3" {
		t.Errorf("the numeric option is %q", got)
	}
	state := func(want gateway.State) {
		t.Helper()
		if r, err := memory.Resource(t.Context(), made.ID); err != nil || r.State != want {
			t.Errorf("the resource is %s, %v; want %s", r.State, err, want)
		}
	}
	if status, text := w.javaScript("PATCH", "/"+made.ID, `{"plan":"premium"}`); status != 200 || !strings.Contains(text, `"message":`) {
		t.Errorf("update: %d %s", status, text)
	}
	for range 2 {
		if status, text := w.javaScript("POST", "/"+made.ID+"/suspend", `{}`); status != 204 || text != "" {
			t.Errorf("suspend: %d %s", status, text)
		}
		state(gateway.Suspended)
	}
	if status, text := w.javaScript("POST", "/"+made.ID+"/resume", `{}`); status != 204 || text != "" {
		t.Errorf("resume: %d %s", status, text)
	}
	state(gateway.Active)
	if status, text := w.javaScript("DELETE", "/"+made.ID, ""); status != 204 || text != "" {
		t.Errorf("delete: %d %s", status, text)
	}
	if status, _ := w.javaScript("POST", "/"+made.ID+"/suspend", `{}`); status != 410 {
		t.Errorf("suspend what is gone: %d", status)
	}
}
