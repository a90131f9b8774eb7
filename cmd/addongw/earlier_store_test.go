package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The resources of testdata/earlier-store, by their orders.
const (
	earlierSmall   = "res_06h031hsu5phr2uqsopko9n36o"
	earlierLarge   = "res_06h031ht5pr9bbaihtkpeng7so"
	earlierRemoved = "res_06h031htbtocjdsphccp78nr28"
	earlierPending = "res_06h031htlputd2d8u674dveq3k"
)

// earlierQuickstart is the quickstart with the store of an earlier version and
// the folders that its scripts made.
func earlierQuickstart(t *testing.T) string {
	t.Helper()
	dir := copyExample(t, "quickstart")
	for _, name := range []string{"addongw.db", "addongw.db.key"} {
		content, err := os.ReadFile(filepath.Join("testdata", "earlier-store", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []string{earlierSmall, earlierLarge, earlierPending} {
		if err := os.MkdirAll(filepath.Join(dir, "data", id, "files"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestAStoreOfAnEarlierVersionIsServedOn(t *testing.T) {
	dir := earlierQuickstart(t)
	p := startQuickstart(t, dir)
	resources := p.URL + "/clevercloud/tinyfiles/resources"
	order := func(n int, plan string) call {
		body := fmt.Sprintf(`{"addon_id":"addon_%d","owner_id":"orga_1","plan":%q,"region":"EU","options":{"a":"b"}}`, n, plan)
		return call{"POST", resources, "tinyfiles", password, body}
	}
	show := func(id string) string {
		out, errOut, code := addongw(t, dir, nil, "resources", "show", id, "--dir", dir)
		if code != 0 {
			t.Fatalf("show %s: exit %d: %s", id, code, errOut)
		}
		return out
	}
	gone := func(id string) bool {
		_, err := os.Stat(filepath.Join(dir, "data", id))
		return os.IsNotExist(err) && strings.Contains(show(id), "deprovisioned")
	}
	await(t, "the removal that was pending", 20*time.Second, func() bool { return gone(earlierPending) })

	// Repeats get the config vars that the earlier version made, with their
	// password, though the option would be refused today.
	if a := order(1, "small").must(t, 200); a.ID != earlierSmall || !strings.HasPrefix(a.Config["TINYFILES_URL"], "sftp://uxwxggngcnyzw:S2ddcen9IRLitI0HThbYMFHO@") {
		t.Errorf("a repeat is answered %s", a.Body)
	}
	order(2, "large").must(t, 200)
	order(2, "small").must(t, 409)
	order(3, "small").must(t, 410)
	order(9, "small").must(t, 422)
	if text := show(earlierSmall); !strings.Contains(text, "orga_1, Ann") || !strings.Contains(text, "active") || !strings.Contains(text, "a=[redacted]") {
		t.Errorf("show says\n%s", text)
	}

	changed := call{"PUT", resources + "/" + earlierSmall, "tinyfiles", password, `{"addon_id":"addon_1","plan":"large"}`}.must(t, 200)
	if changed.Config["TINYFILES_QUOTA_MB"] != "10240" {
		t.Errorf("the change is answered %s", changed.Body)
	}
	for _, id := range []string{earlierSmall, earlierLarge, earlierRemoved, earlierPending} {
		call{"DELETE", resources + "/" + id, "tinyfiles", password, ""}.must(t, 200)
		await(t, id+" removed", 20*time.Second, func() bool { return gone(id) })
	}
	if code := p.Stop(); code != 0 || strings.Contains(p.Log(), `"level":"ERROR"`) {
		t.Errorf("exit %d:\n%s", code, p.Log())
	}
}
