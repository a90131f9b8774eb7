package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// budgets drives what the budgets are about.
type budgets struct{ *testing.B }

// row prints one line of the table.
func (b *budgets) row(what, measured, budget string, kept bool) {
	verdict := "kept"
	if !kept {
		verdict = "MISSED"
	}
	fmt.Printf("%-72s %-34s %-22s %s\n", what, measured, budget, verdict)
}

// load is one run of requests.
type load struct {
	perSecond float64
	p50       time.Duration
}

// drive sends n requests from so many clients that keep their connections.
func (b *budgets) drive(clients, n int, request func(i int64) *http.Request) load {
	b.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}, Timeout: time.Minute}
	defer client.CloseIdleConnections()
	return b.share(clients, n, func(i int64) error {
		resp, err := client.Do(request(i))
		if err != nil {
			return err
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: %s", resp.Status, body)
		}
		return nil
	})
}

// share has n things done by so many clients, each one after the other.
func (b *budgets) share(clients, n int, do func(i int64) error) load {
	b.Helper()
	took := make([]time.Duration, n)
	var next atomic.Int64
	var group sync.WaitGroup
	begin := time.Now()
	for range clients {
		group.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				start := time.Now()
				if err := do(i); err != nil {
					b.Error(err)
					return
				}
				took[i] = time.Since(start)
			}
		})
	}
	group.Wait()
	whole := time.Since(begin)
	slices.Sort(took)
	return load{perSecond: float64(n) / whole.Seconds(), p50: took[n/2]}
}

// rounds is how often two things are measured in turns; the median counts.
const rounds = 5

// inTurns measures two loads in turns and returns their medians by rate.
func inTurns(one, other func() load) (load, load) {
	var ones, others []load
	for range rounds {
		ones, others = append(ones, one()), append(others, other())
	}
	return median(ones), median(others)
}

func median(loads []load) load {
	slices.SortFunc(loads, func(x, y load) int { return int(x.perSecond - y.perSecond) })
	return loads[len(loads)/2]
}

const noopFile = `
gateway {
  base_url    = "https://addons.acme.example"
  plugin_dirs = [%q]
}

backend "noop" "main" {
  concurrency = 64

  config {
    gate = %q
  }
}

addon "acme-no" {
  backend = backend.noop.main

  region "eu" {}
  plan "free" {}
  plan "big" {}

  config_vars = {
    ACME_NO_URL = "noop://${resource.short_id}:${output.password}@${output.host}/"
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
    api_url  = %q
  }
}
`

func (b *budgets) helper(name string) string {
	b.Helper()
	file := filepath.Join(b.TempDir(), map[string]string{"noop": "addongw-plugin-noop", "floor": "floor"}[name])
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", file, "./testdata/bench/"+name)
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	return file
}

// noopFolder writes that configuration; api is where the platform's own API is.
func (b *budgets) noopFolder(api string) (dir, gate string) {
	b.Helper()
	dir = tempDir(b)
	gate = filepath.Join(dir, "gate")
	text := fmt.Sprintf(noopFile, filepath.Dir(b.helper("noop")), gate, api)
	if err := os.WriteFile(filepath.Join(dir, "addongw.hcl"), []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	return dir, gate
}

func (b *budgets) serve(dir string) *process {
	b.Helper()
	return start(b, dir, []string{"serve", dir, "--listen", "127.0.0.1:0"}, "CLEVER_PASSWORD="+password, "CLEVER_SSO_SALT="+ssoSalt, "TMPDIR="+dir)
}

func (b *budgets) request(method, url, body string) *http.Request {
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	req.SetBasicAuth("acme-no", password)
	req.Header.Set("Content-Type", "application/json")
	return req
}

func orderBody(id string) string {
	return fmt.Sprintf(`{"addon_id":%q,"owner_id":"orga_1","owner_name":"Ann","user_id":"user_1","plan":"free","region":"EU","callback_url":"https://api.clever-cloud.com/v2/vendor/apps/%s","options":{}}`, id, id)
}

// floor starts the bare handlers, which answer body.
func (b *budgets) floor(body string) (url string) {
	b.Helper()
	dir := tempDir(b)
	file := filepath.Join(dir, "body")
	if err := os.WriteFile(file, []byte(body), 0o600); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(b.helper("floor"), file, filepath.Join(dir, "floor.db"))
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line := make([]byte, 64)
	n, err := out.Read(line)
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(string(line[:n]))
}

func (g *process) resources() string { return g.URL + "/clevercloud/acme-no/resources" }
