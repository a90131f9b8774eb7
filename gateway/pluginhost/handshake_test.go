package pluginhost

import (
	"strings"
	"testing"
)

func TestAHandshakeIsJudgedInWordsThatHelp(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		line            string
		tls             bool
		problem, remedy string
	}{
		"a good one":             {"1|1|unix|/s|grpc|MIIB", true, "", ""},
		"one without TLS":        {"1|1|unix|/s|grpc", false, "", ""},
		"no TLS where it is on":  {"1|1|unix|/s|grpc", true, "no TLS", "tls = false"},
		"an empty certificate":   {"1|1|unix|/s|grpc|", true, "no TLS", "tls = false"},
		"an older protocol":      {"1|0|unix|/s|grpc|MIIB", true, "speaks protocol 0; this addongw speaks protocol 1", "upgrade the plugin"},
		"a newer protocol":       {"1|2|unix|/s|grpc|MIIB", true, "speaks protocol 2 and no older one", "upgrade addongw"},
		"a newer one and no TLS": {"1|2|unix|/s|grpc", true, "speaks protocol 2", "upgrade addongw"},
		"nothing":                {"", true, "without a line of handshake", ""},
		"chatter":                {"hello|there\r", true, "no handshake: hello|there", ""},
		"another go-plugin":      {"9|1|unix|/s|grpc|", true, "", ""},
		"net/rpc":                {"1|1|unix|/s|netrpc", true, "", ""},
		"no number":              {"1|x|unix|/s|grpc|MIIB", true, "", ""},
	} {
		found := judge(tc.line, tc.tls)
		if (found != nil) != (tc.problem != "") {
			t.Errorf("%s: %v", name, found)
		} else if found != nil && (!strings.Contains(found.Problem, tc.problem) || !strings.Contains(found.Remedy, tc.remedy) || tc.remedy == "" && found.Remedy != "") {
			t.Errorf("%s: %+v", name, found)
		}
	}
}

func TestOnlyTheBeginningOfALongFirstLineIsKept(t *testing.T) {
	t.Parallel()
	var words firstWords
	for range 10 {
		words.add([]byte(strings.Repeat("x", maxHandshake/3)))
	}
	if got := words.String(); got != strings.Repeat("x", maxHandshake) {
		t.Errorf("%d bytes", len(got))
	}
}
