package clevercloud

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/addongw/addongw/gateway/platform"
)

// Samples provisions the first plan that is listed, changes to the last, signs on and
// deprovisions.
func (m *mount) Samples() []platform.Sample {
	listed := m.common.Listed()
	if len(listed) == 0 {
		return nil
	}
	first, last := listed[0].Slug, listed[len(listed)-1].Slug
	const id = "addon_00000000-0000-4000-8000-000000000001"
	sample := func(what, method, path string, body map[string]any) platform.Sample {
		s := platform.Sample{What: what, Method: method, Path: resourcesPath + path, User: m.common.ID}
		if body != nil {
			text, _ := json.Marshal(body) // texts only: it cannot fail
			s.Body = string(text)
		}
		return s
	}
	samples := []platform.Sample{sample("provision", http.MethodPost, "", map[string]any{
		"addon_id": id, "owner_id": "orga_1", "owner_name": "Ann", "user_id": "user_1",
		"plan": first, "region": m.sampleRegion(), "callback_url": "https://api.clever-cloud.com/v2/vendor/apps/" + id, "options": map[string]string{},
	})}
	if last != first {
		samples = append(samples, sample("change the plan", http.MethodPut, "/{id}", map[string]any{"addon_id": id, "plan": last}))
	}
	samples = append(samples, platform.Sample{What: "sign on", Method: http.MethodPost, Path: m.common.SSOPath, SignOn: m.signOnFields})
	return append(samples, sample("deprovision", http.MethodDelete, "/{id}", nil))
}

// sampleRegion is the default region, else the first one that is sold, in the
// capitals that requests have.
func (m *mount) sampleRegion() string {
	names := slices.Sorted(maps.Keys(m.regions))
	for _, name := range names {
		if m.regions[name] == m.common.DefaultRegion {
			return strings.ToUpper(name)
		}
	}
	if len(names) == 0 {
		return "EU"
	}
	return strings.ToUpper(names[0])
}
