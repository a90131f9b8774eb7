package scalingo_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"

	"github.com/addongw/addongw/gateway/conformance/conformancetest"
)

// complete ends an order that was answered 202: the config, then the end.
func (p *provider) complete(r *resource) {
	p.Lock()
	config := maps.Clone(r.Config)
	p.Unlock()
	switch p.Defect {
	case "never completed":
		return
	case "completed with an undeclared config var":
		maps.Copy(config, conformancetest.Undeclared)
	case "completed with a number":
		config["ACME_DB_PORT"] = 5432
	case "the end before the config":
		p.end(r)
		p.call(http.MethodPatch, "/addons/"+r.ID+"/config", map[string]any{"config": config})
		return
	case "the end without the config":
		p.end(r)
		return
	}
	if p.call(http.MethodPatch, "/addons/"+r.ID+"/config", map[string]any{"config": config}) == http.StatusOK {
		p.end(r)
	}
}

func (p *provider) end(r *resource) {
	name := r.ID
	if r.Order != "" && p.Defect == "" {
		name = r.Order // the documents do not say which
	}
	if p.call(http.MethodPost, "/addons/"+name+"/actions/provision", nil) == http.StatusOK {
		p.Lock()
		defer p.Unlock()
		r.Done = true
	}
}

// call calls Scalingo's own API.
func (p *provider) call(method, path string, body any) int {
	text := []byte{}
	if body != nil {
		text, _ = json.Marshal(body)
	}
	r, err := http.NewRequest(method, p.api+"/v1/provider"+path, bytes.NewReader(text))
	if err != nil {
		return 0
	}
	secret := conformancetest.Password
	if p.Defect == "a wrong password for the platform" {
		secret = salt
	}
	r.SetBasicAuth(p.Username, secret)
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode
}

// callEarly completes an order that is not answered yet, and once more later.
func (p *provider) callEarly(r *resource) {
	if p.Defect != "completed before the answer" {
		return
	}
	p.Lock()
	first := !p.early
	p.early = true
	p.Unlock()
	if first {
		p.end(r)
	}
}
