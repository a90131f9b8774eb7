package main

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/addongw/addongw/gateway/admin"
)

// TestAnOperatorRotatesAndTurnsItRound plays with the scripts of the quickstart.
func TestAnOperatorRotatesAndTurnsItRound(t *testing.T) {
	m := newMarket(t, "tinyfiles", "TINYFILES_URL", nil, nil)
	dir := m.onClever(t, "quickstart")
	p := start(t, dir, []string{"serve", dir, "--listen", "127.0.0.1:0", "--admin", "unix:" + dir + "/admin.sock"},
		"CLEVER_PASSWORD="+password+"-CLEVER", "CLEVER_SSO_SALT="+ssoSalt)
	m.buy(t, p.URL, "small", 1)
	c := m.customers[0]
	logins := func() []string {
		text, err := os.ReadFile(filepath.Join(dir, "data", c.resource, "credentials"))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Fields(string(text))
	}
	operator := func(want int, args ...string) string {
		t.Helper()
		out, errOut, code := addongw(t, dir, nil, append(append([]string{"resources"}, args...), "--admin", "unix:"+dir+"/admin.sock")...)
		if code != want {
			t.Fatalf("%v: exit %d: %s%s", args, code, out, errOut)
		}
		return out + errOut
	}
	first := logins()
	if said := operator(0, "rotate", c.id, "--grace", "0s", "--wait"); !strings.HasPrefix(said, c.resource+": the new credentials are in use, and the old ones have ended\n") {
		t.Errorf("rotated: %s", said)
	}
	second := logins()
	if len(second) != 1 || second[0] == first[0] || !strings.Contains(m.environment(c), strings.Split(second[0], ":")[1]) {
		t.Error("the platform does not have the one password that works")
	}
	if said := operator(0, "rotate", c.id, "--grace", "1h"); !strings.Contains(said, "both credentials work; the old ones end") {
		t.Errorf("begun: %s", said)
	}
	if said := operator(1, "rotate", c.id); !strings.Contains(said, "under way") {
		t.Errorf("begun again: %s", said)
	}
	if said := operator(0, "show", c.id); !strings.Contains(said, "both credentials work") || !strings.Contains(said, "credentials rotated") {
		t.Errorf("shown as %s", said)
	}
	if both := logins(); len(both) != 2 || both[0] != second[0] {
		t.Errorf("%d passwords work", len(both))
	}
	if said := operator(0, "rotate", c.id, "--undo"); !strings.Contains(said, "both credentials work; the new ones end") {
		t.Errorf("turned round: %s", said)
	}
	await(t, "the platform has the old password again", 10*time.Second, func() bool {
		return strings.Contains(m.environment(c), strings.Split(second[0], ":")[1])
	})
}

// TestARotationThatReplacedNothingIsNoSuccess waits for one whose backend gives up
// later than the gateway answers.
func TestARotationThatReplacedNothingIsNoSuccess(t *testing.T) {
	earlier, later := time.UnixMilli(1000), time.UnixMilli(2000)
	for name, c := range map[string]struct {
		rotatedAt *time.Time
		undo      bool
		fails     bool
	}{
		"replaced":         {rotatedAt: &later},
		"not replaced":     {rotatedAt: &earlier, fails: true},
		"never replaced":   {fails: true},
		"undone, as asked": {rotatedAt: &earlier, undo: true},
	} {
		begun := admin.Resource{ID: "res_1", Rotation: &admin.Rotation{Phase: "staging"}}
		if c.rotatedAt != nil {
			begun.RotatedAt = &earlier
		}
		_, err := rotated(t.Context(), answeringAdmin(t, admin.ResourceDetail{Resource: admin.Resource{ID: "res_1", RotatedAt: c.rotatedAt}}), begun, c.undo, func(string) {})
		if (err != nil) != c.fails || c.fails && !strings.Contains(err.Error(), "operations list --resource res_1") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// answeringAdmin is an admin API that knows one answer.
func answeringAdmin(t *testing.T, answer any) *admin.Client {
	socket := filepath.Join(t.TempDir(), "a")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(answer) })}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	return admin.NewClient(socket)
}

func TestRotationsAreToldInWords(t *testing.T) {
	due := time.Date(2126, 11, 21, 12, 31, 0, 0, time.UTC)
	for want, r := range map[string]admin.Rotation{
		"the old credentials are in use, new ones are being made":                                                {Phase: "staging"},
		"the old credentials are in use, what was begun of new ones is removed":                                  {Phase: "staging", Sure: true},
		"both credentials work; the old ones end 15m0s after moon has the new ones":                              {Phase: "staged", Grace: "15m0s"},
		"both credentials work; the old ones end at 2126-11-21T12:31:00Z":                                        {Phase: "staged", Due: &due},
		"the new ones are in use; the old ones end once moon has confirmed the new ones":                         {Phase: "staged", Sure: true},
		"the new ones are in use; the old ones could not be ended, which is tried again at 2126-11-21T12:31:00Z": {Phase: "staged", Sure: true, Due: &due},
		"the new ones are in use; the old ones end now":                                                          {Phase: "staged", Sure: true, Forced: true},
		"both credentials work; the new ones end at 2126-11-21T12:31:00Z":                                        {Phase: "reverting", Due: &due},
	} {
		if got := rotationText(admin.Resource{Platform: "moon", Rotation: &r}); got != want {
			t.Errorf("%+v: %q, want %q", r, got, want)
		}
	}
	if got := rotationText(admin.Resource{}); got != "" {
		t.Errorf("none: %q", got)
	}
}

func TestWhoWaitsIsToldWhatKeepsThePlatform(t *testing.T) {
	due := time.Now().Add(time.Hour)
	pushes := []admin.Operation{{Verb: "push", State: "pending", Error: "moon does not answer"}}
	for name, c := range map[string]struct {
		rotation *admin.Rotation
		told     bool
	}{
		"it is waited for": {&admin.Rotation{Phase: "staged", Grace: "1s"}, true},
		"it has them":      {&admin.Rotation{Phase: "staged", Due: &due}, false},
		"it is not waited": {&admin.Rotation{Phase: "staged", Due: &due, Forced: true}, false},
		"it is over":       {nil, false},
	} {
		text := progress(admin.ResourceDetail{Resource: admin.Resource{Platform: "moon", Rotation: c.rotation}, Operations: pushes})
		if strings.Contains(text, "(moon does not answer); rotate --force goes on without it") != c.told {
			t.Errorf("%s: %q", name, text)
		}
	}
}
