package scalingo

import (
	"encoding/json"
	"net/http"

	"github.com/addongw/addongw/gateway/platform"
)

// Samples provisions the first plan that is listed, changes to the last,
// suspends, resumes, signs on and deprovisions.
func (m *mount) Samples() []platform.Sample {
	listed := m.common.Listed()
	if len(listed) == 0 {
		return nil
	}
	first, last := listed[0].Slug, listed[len(listed)-1].Slug
	sample := func(what, method, path string, body map[string]any) platform.Sample {
		s := platform.Sample{What: what, Method: method, Path: resourcesPath + path, User: m.username}
		if body != nil {
			text, _ := json.Marshal(body) // texts only: it cannot fail
			s.Body = string(text)
		}
		return s
	}
	samples := []platform.Sample{sample("provision", http.MethodPost, "", map[string]any{
		"uuid": "ad-00000000-0000-4000-8000-000000000001", "app_id": "54100930736f7563d5030000", "plan": first, "options": map[string]string{},
	})}
	if last != first {
		samples = append(samples, sample("change the plan", http.MethodPut, "/{id}", map[string]any{"plan": last, "options": map[string]string{}}))
	}
	return append(samples,
		sample("suspend", http.MethodPost, "/{id}/suspend", nil),
		sample("resume", http.MethodPost, "/{id}/resume", nil),
		platform.Sample{What: "sign on", Method: http.MethodGet, Path: m.common.SSOPath, SignOn: m.signOnFields},
		sample("deprovision", http.MethodDelete, "/{id}", nil))
}
