package platformtest

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// answer is what a mount sent back, read to its end.
type answer struct {
	status int
	header http.Header
	body   string
}

// calls returns the three verbs.
func (s Subject) calls() []Call { return []Call{s.Provision, s.ChangePlan, s.Deprovision} }

// basic returns the right Authorization header.
func (s Subject) basic() http.Header { return basicHeader(s.Username, s.Password) }

func basicHeader(username, password string) http.Header {
	return http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(username+":"+password))}}
}

// send makes one request with an unknown resource's id.
func (s Subject) send(t *testing.T, url string, c Call, header http.Header) answer {
	t.Helper()
	return s.sendTo(t, url, "res_unknown", c, header)
}

func (s Subject) sendTo(t *testing.T, url, id string, c Call, header http.Header) answer {
	t.Helper()
	var body io.Reader
	if c.Body != "" {
		body = strings.NewReader(c.Body)
	}
	r, err := http.NewRequestWithContext(t.Context(), c.Method, url+strings.ReplaceAll(c.Path, ":id", id), body)
	if err != nil {
		t.Fatalf("make request: %v", err)
	}
	r.Header = header.Clone()
	if c.Body != "" && r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return do(t, r)
}

// do sends a request and follows no redirect: a platform does not either.
func do(t *testing.T, r *http.Request) answer {
	t.Helper()
	a, err := try(r)
	if err != nil {
		t.Fatalf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	return a
}

func try(r *http.Request) (answer, error) {
	client := &http.Client{
		Timeout:       30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, fmt.Errorf("read answer: %w", err)
	}
	return answer{status: response.StatusCode, header: response.Header, body: string(body)}, nil
}
