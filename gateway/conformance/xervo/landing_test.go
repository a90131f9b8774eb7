package xervo

import "testing"

func TestALocationIsWholeOrAPathThatDiaCompletes(t *testing.T) {
	for location, want := range map[string]bool{
		"https://acme.example/dashboard?code=1#top": true,
		"http://acme.example":                       true,
		"/dashboard?code=1":                         true,
		"/":                                         true,
		"":                                          false,
		"dashboard":                                 false,
		"?code=1":                                   false,
		"//acme.example/dashboard":                  false,
		"HTTPS://acme.example/dashboard":            false,
		"https:///dashboard":                        false,
		"/dashboard?back=https://xervo.io":          false,
		"/http":                                     false,
		"httpx://acme.example":                      false,
		"https://acme.example/\x7f":                 false,
	} {
		if problem := misleading(location); (problem == "") != want {
			t.Errorf("%q: %q", location, problem)
		}
	}
}
