package spec

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const withLines = "title: x\nlevel: may\nwhen: can_reboot\nsource: y\n>>>\nPOST {{base_url}}\n{{credentials}}\nX-A: 1\n\n{{sshkey a}}\n<<< 200\n\n{\"key\": \"{{sshkey a}}\", \"other\": \"{{text as other}}\"}\n"

func TestAPlaceholderStandsForHeaderLines(t *testing.T) {
	e := parse(t, withLines)
	v := Vars{"base_url": "http://x", "credentials": "auth-TOKEN: a: b \nHTTP_AUTH_PORT:\n"}
	r, err := e.Steps[0].Request(v)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{"auth-TOKEN": {"a: b "}, "HTTP_AUTH_PORT": {""}, "X-A": {"1"}}
	if diff := cmp.Diff(want, map[string][]string(r.Header)); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
	v["credentials"] = "no line"
	if _, err := e.Steps[0].Request(v); err == nil || !strings.Contains(err.Error(), "{{credentials}} stands for is no header line") {
		t.Errorf("what is no header line gives %v", err)
	}
	if _, err := Parse("t/x.exchange", "title: x\nlevel: may\nsource: y\n>>>\nGET /\n<<< 200\n{{credentials}}\n"); err == nil {
		t.Error("an answer may have lines that only a runner knows")
	}
}

func TestAnAbilityThatIsNotKnownIsLacking(t *testing.T) {
	e := parse(t, withLines)
	v := Vars{"base_url": "http://x"}
	for _, name := range []string{"can_reboot", "credentials", ""} {
		if got := e.Lacks(v); got != name {
			t.Errorf("it lacks %q, want %q", got, name)
		}
		v[name] = "x"
	}
}

func TestAnSSHKeyIsOneAndTheSameWithinARun(t *testing.T) {
	e, v := parse(t, withLines), Vars{"base_url": "http://x", "credentials": ""}
	r, err := e.Steps[0].Request(v)
	if err != nil {
		t.Fatal(err)
	}
	key := string(r.Body)
	parts := strings.Fields(key)
	blob, err := base64.StdEncoding.DecodeString(parts[1])
	if err != nil || len(parts) != 3 || parts[0] != "ssh-ed25519" || len(blob) != 51 || string(blob[:15]) != "\x00\x00\x00\x0bssh-ed25519" {
		t.Fatalf("%q is no key: %v", key, err)
	}
	good := Answer{Status: 200, Body: []byte(`{"key": "` + key + `", "other": "x"}`)}
	if problems := e.Steps[0].Check(good, v); len(problems) > 0 {
		t.Errorf("the key that was sent: %q", problems)
	}
	if problems := e.Steps[0].Check(good, Vars{}); len(problems) == 0 {
		t.Error("another run has the same key")
	}
}

// A check that the facts name and that is gone proves nothing, and an exchange
// without a fact has no reason.
func TestTheFactsOfNanoboxNameEveryExchange(t *testing.T) {
	facts, err := File("nanobox", "facts.md")
	if err != nil {
		t.Fatal(err)
	}
	exchanges, err := Exchanges("nanobox")
	if err != nil {
		t.Fatal(err)
	}
	var missing []string
	for _, e := range exchanges {
		if !strings.Contains(string(facts), "`"+e.ShortName()+"`") {
			missing = append(missing, e.ShortName())
		}
	}
	if slices.Sort(missing); len(missing) > 0 {
		t.Errorf("the facts lack %q", missing)
	}
}
