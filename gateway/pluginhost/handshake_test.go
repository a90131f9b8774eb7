package pluginhost

import (
	"errors"
	"os"
	"path/filepath"
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
		"chatter":                {"hello|there\r", true, "no handshake: hello|there", "standard error only"},
		"much chatter":           {strings.Repeat("x", 5000), true, "no handshake: " + strings.Repeat("x", 200), "standard error only"},
		"no TLS over TCP":        {"1|1|tcp|127.0.0.1:1|grpc|", true, "no TLS, and listens on tcp", "listen on a unix socket"},
		"TCP without TLS":        {"1|1|tcp|127.0.0.1:1|grpc", false, "", ""},
		"another go-plugin":      {"9|1|unix|/s|grpc|", true, "", ""},
		"net/rpc":                {"1|1|unix|/s|netrpc", true, "", ""},
		"no number":              {"1|x|unix|/s|grpc|MIIB", true, "", ""},
	} {
		found := judge(tc.line, tc.tls)
		if (found != nil) != (tc.problem != "") {
			t.Errorf("%s: %v", name, found)
		} else if found != nil && (len(found.Problem) > 250 || !strings.Contains(found.Problem, tc.problem) || !strings.Contains(found.Remedy, tc.remedy) || tc.remedy == "" && found.Remedy != "") {
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

func TestAPluginThatEndsBeforeItsHandshakeIsToldHow(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := newRig(t, func(o *Options) { o.Dirs = []string{dir} })
	for name, tc := range map[string]struct{ script, problem, remedy string }{
		"exits":   {"echo trouble >&2; exit 3", "it ended without a line of handshake (exit status 3)", ""},
		"crashes": {"kill -SEGV $$", "it ended without a line of handshake (signal: segmentation fault)", ""},
		"mute":    {"exec >&-; sleep 60", "it closed its standard output, or was killed, without", ""},
		"foreign": {"echo 'This binary is a plugin. These are not meant to be executed directly.' >&2; exit 1", "it does not look for ADDONGW_PLUGIN=backend", "made for addongw"},
	} {
		if err := os.WriteFile(filepath.Join(dir, binaryPrefix+name), []byte("#!/bin/sh\n"+tc.script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		_, err := r.host.Examine(t.Context(), Spec{Name: name, TLS: true})
		var start *StartError
		var handshake *HandshakeError
		if !errors.As(err, &start) || start.Stage != StageHandshake || !errors.As(err, &handshake) ||
			!strings.Contains(handshake.Problem, tc.problem) || !strings.Contains(handshake.Remedy, tc.remedy) || tc.remedy == "" && handshake.Remedy != "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
