package xervo

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"

	"github.com/addongw/addongw/gateway/platform"
)

// Samples provisions the first plan that is listed, changes to the last, signs
// on and deprovisions.
func (m *mount) Samples() []platform.Sample {
	listed := slices.DeleteFunc(slices.Clone(m.common.Plans), func(p platform.Plan) bool { return p.Unlisted })
	if len(listed) == 0 {
		return nil
	}
	first, last := listed[0].Slug, listed[len(listed)-1].Slug
	id := m.common.ID + "123"
	samples := []platform.Sample{m.sample("provision", http.MethodPost, "", map[string]any{
		"xervo_id": id, "email": "ann@example.com", "plan": first, "region": m.sampleRegion(),
		"callback_url": "https://api.xervo.io/vendor/apps/" + id, "options": map[string]string{},
	})}
	if last != first {
		samples = append(samples, m.sample("change the plan", http.MethodPut, "/{id}", map[string]any{"xervo_id": id, "plan": last}))
	}
	samples = append(samples, platform.Sample{What: "sign on", Method: http.MethodPost, Path: m.common.SSOPath, SignOn: m.signOnFields})
	return append(samples, m.sample("deprovision", http.MethodDelete, "/{id}", nil))
}

func (m *mount) sample(what, method, path string, body map[string]any) platform.Sample {
	s := platform.Sample{What: what, Method: method, Path: resourcesPath + path, User: m.common.ID}
	if body != nil {
		text, _ := json.Marshal(body) // texts only: it cannot fail
		s.Body = string(text)
	}
	return s
}

// sampleRegion is the platform's name of the default region, else the one in
// the document's sample.
func (m *mount) sampleRegion() string {
	for _, name := range slices.Sorted(maps.Keys(m.regions)) {
		if m.regions[name] == m.common.DefaultRegion {
			return name
		}
	}
	return "amazon-web-services::us-east-1"
}
