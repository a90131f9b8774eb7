package spec

import "testing"

func TestVectorsAreComplete(t *testing.T) {
	platforms, err := Platforms()
	if err != nil {
		t.Fatal(err)
	}
	for _, platform := range platforms {
		if platform == "nanobox" {
			continue // nobody signs on to a server there
		}
		vectors, err := SSOVectors(platform)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, v := range vectors {
			if _, err := v.Time(); err != nil || v.Says == "" || v.Salt == "" || (v.Body == "") == (v.Query == "") || v.AcceptedBy == nil || seen[v.Name] {
				t.Errorf("%s: vector %+v lacks something or comes twice: %v", platform, v, err)
			}
			seen[v.Name] = true
		}
	}
	if _, err := SSOVectors("no-such-platform"); err == nil {
		t.Error("a platform without vectors is accepted")
	}
}
