package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDevPlaysADashboardThatKnowsTheMetadata pastes all that dev prints of a
// provider, whose metadata decides what that is.
func TestDevPlaysADashboardThatKnowsTheMetadata(t *testing.T) {
	reference := `key_method     = "reference"`
	for name, tc := range map[string]struct {
		changes []string
		want    []string
	}{
		"a key by its id":   {nil, []string{"verify", "key", "order", "poll", "reboot", "rename", "cancel"}},
		"a key by its text": {[]string{reference, `key_method     = "object"`}, []string{"verify", "order", "poll", "reboot", "rename", "cancel"}},
		"no reboot":         {[]string{`server_nick_name = "box"`, "server_nick_name = \"box\"\n  can_reboot = false"}, []string{"verify", "key", "order", "poll", "rename", "cancel"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := hostExample(t, tc.changes...)
			p, screen := startDev(t, dir)
			defer p.Stop()
			var verbs []string
			for _, found := range regexp.MustCompile(`simulate nanobox ([a-z-]+)`).FindAllStringSubmatch(screen, -1) {
				verbs = append(verbs, found[1])
			}
			if diff := cmp.Diff(tc.want, verbs); diff != "" {
				t.Errorf("verbs (-want +got):\n%s", diff)
			}
			lines := regexp.MustCompile(`(?m)^  (export .*|.* simulate nanobox .*)$`).FindAllString(screen, -1)
			i := slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, " cancel ") })
			lines = slices.Insert(lines, i, regexp.MustCompile("(?m)^.* simulate nanobox poll .*$").FindString(screen)) // what was rebooted
			if out := paste(t, "cd "+dir+"\n"+strings.Join(lines, "\n")); !strings.Contains(out, "→ OK") && !strings.Contains(out, "-> OK") {
				t.Errorf("pasted, it prints\n%s", out)
			}
			if strings.Contains(screen, devPath) {
				t.Errorf("there is a word of signing on:\n%s", screen)
			}
			call{method: "GET", url: p.URL + devPath}.must(t, 404)
		})
	}
}
