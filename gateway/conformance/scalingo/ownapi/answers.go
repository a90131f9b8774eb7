package ownapi

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/addongw/addongw/gateway/conformance/standin"
)

// defaultPage is how many entries a page has when nobody asks for a number.
const defaultPage = 20

// addonProviderID is the id of the add-on itself on the platform.
const addonProviderID = "1234567890abcdef"

// answer finds what a request is about: "/apps", "/apps/ID",
// "/addons/ID/config" or "/addons/ID/actions/provision".
func (s *Server) answer(r *http.Request, body []byte) standin.Answer {
	_, rest, ok := strings.Cut(r.URL.EscapedPath(), "/v1/provider/")
	parts := strings.Split(rest, "/")
	for i, part := range parts {
		parts[i], _ = url.PathUnescape(part)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch what := r.Method + " " + parts[0]; {
	case !ok:
	case what == "GET apps" && len(parts) == 1:
		return s.list(r.URL.Query())
	case what == "GET apps" && len(parts) == 2:
		return s.show(parts[1])
	case what == "PATCH apps" && len(parts) == 2:
		return s.changeApp(parts[1], r.Header, body)
	case what == "PATCH addons" && len(parts) == 3 && parts[2] == "config":
		return s.changeAddon(parts[1], r.Header, body)
	case what == "POST addons" && len(parts) == 4 && parts[2] == "actions" && parts[3] == "provision":
		return s.finish(parts[1])
	}
	return refusal(http.StatusNotFound, "not found")
}

// The methods below are called while the lock is held.

func (s *Server) list(q url.Values) standin.Answer {
	number, size := max(atoi(q.Get("page")), 1), atoi(q.Get("per_page"))
	if size < 1 {
		size = defaultPage
	}
	if s.pageSize > 0 {
		size = min(size, s.pageSize)
	}
	from := min((number-1)*size, len(s.addons))
	to := min(from+size, len(s.addons))
	entries := []map[string]any{}
	for _, a := range s.addons[from:to] {
		entries = append(entries, map[string]any{"addon_provider_id": addonProviderID, "app_id": a.App, "plan": a.Plan})
	}
	pages := map[string]any{
		"current_page": number, "prev_page": nil, "next_page": nil,
		"total_pages": (len(s.addons) + size - 1) / size, "total_count": len(s.addons),
	}
	if number > 1 {
		pages["prev_page"] = number - 1
	}
	if to < len(s.addons) {
		pages["next_page"] = number + 1
	}
	return standin.Answer{Status: http.StatusOK, Body: map[string]any{"apps": entries, "meta": map[string]any{"pagination": pages}}}
}

func atoi(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}

func (s *Server) show(id string) standin.Answer {
	i := slices.IndexFunc(s.addons, func(a *Addon) bool { return a.App == id })
	if i < 0 {
		return refusal(http.StatusNotFound, "not found")
	}
	found := s.apps[id]
	return standin.Answer{Status: http.StatusOK, Body: map[string]any{"app": map[string]any{
		"addon_provider_id": addonProviderID, "id": id, "name": found.Name, "owner_email": found.OwnerEmail,
		"plan": s.addons[i].Plan, "config": found.config,
	}}}
}

func (s *Server) changeApp(id string, header http.Header, body []byte) standin.Answer {
	if !slices.ContainsFunc(s.addons, func(a *Addon) bool { return a.App == id }) {
		return refusal(http.StatusNotFound, "not found")
	}
	if refused, ok := s.change(s.apps[id], header, body); !ok {
		return refused
	}
	s.apps[id].restarts++
	return s.show(id)
}

func (s *Server) changeAddon(id string, header http.Header, body []byte) standin.Answer {
	a := s.addon(id)
	if a == nil {
		return refusal(http.StatusNotFound, "not found")
	}
	if refused, ok := s.change(s.apps[a.App], header, body); !ok {
		return refused
	}
	return standin.Answer{Status: http.StatusOK, Body: map[string]any{"addon": map[string]string{"id": id}}}
}

func (s *Server) finish(id string) standin.Answer {
	a := s.addon(id)
	if a == nil {
		return refusal(http.StatusNotFound, "not found")
	}
	a.Pending = false
	return standin.Answer{Status: http.StatusOK, Body: map[string]any{"addon": map[string]string{"id": id, "status": "running"}}}
}

func (s *Server) addon(id string) *Addon {
	for _, a := range s.addons {
		if (!s.byUUID || s.byAnyID) && a.ID == id || (s.byUUID || s.byAnyID) && a.UUID == id {
			return a
		}
	}
	return nil
}

// change sets the variables that are named.
func (s *Server) change(of *app, header http.Header, text []byte) (refused standin.Answer, ok bool) {
	var body struct {
		Config map[string]string `json:"config"`
	}
	if err := json.Unmarshal(text, &body); err != nil || body.Config == nil || header.Get("Content-Type") != "application/json" {
		return refusal(http.StatusBadRequest, "there was a problem in the JSON you submitted"), false
	}
	for name := range body.Config {
		if s.declared != nil && !slices.Contains(s.declared, name) {
			return standin.Answer{Status: http.StatusUnprocessableEntity, Body: map[string]any{"errors": map[string][]string{name: {"is not in the manifest"}}}}, false
		}
	}
	for name, value := range body.Config {
		of.config[name] = value
	}
	return standin.Answer{}, true
}

func refusal(status int, text string) standin.Answer {
	return standin.Answer{Status: status, Body: map[string]string{"error": text}}
}
