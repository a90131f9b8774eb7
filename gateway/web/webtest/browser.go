package webtest

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// patience is how long a test waits for a page before it says that something
// does not come.
const patience = 30 * time.Second

// Browser is a Chromium with a profile of its own. It ends with the test.
type Browser struct {
	t   *testing.T
	ctx context.Context
}

// Start starts a Chromium. Flags are names and values of Chromium's own:
// "host-resolver-rules", "MAP a.example 127.0.0.1".
func Start(t *testing.T, flags ...string) *Browser {
	t.Helper()
	path := chromium(t)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.WindowSize(1024, 768))
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	for i := 0; i+1 < len(flags); i += 2 {
		options = append(options, chromedp.Flag(flags[i], flags[i+1]))
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, quit := chromedp.NewContext(allocator)
	t.Cleanup(quit)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	return &Browser{t: t, ctx: ctx}
}

// chromium finds the browser.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	Missing(t, "chromium")
	return ""
}

// Missing ends a test that needs what the machine lacks.
func Missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is missing: run make setup", what)
	}
	t.Skipf("%s is missing: make setup installs it", what)
}

// Look is how a page is looked at. The zero value is a wide light screen with
// scripts.
type Look struct {
	Dark      bool
	Narrow    bool // 320 CSS pixels
	NoScripts bool
}

// Tab opens an empty tab, in a profile of its own: cookies of other tabs are
// not there.
func (b *Browser) Tab(look Look) *Tab {
	b.t.Helper()
	tab := b.attach(b.ctx, chromedp.WithNewBrowserContext())
	tab.Look(look)
	return tab
}

// Look changes how the tab is looked at; scripts stop or start with the next
// page.
func (t *Tab) Look(look Look) {
	t.test.Helper()
	scheme, width := "light", int64(1024)
	if look.Dark {
		scheme = "dark"
	}
	if look.Narrow {
		width = 320
	}
	t.Do(chromedp.EmulateViewport(width, 800), chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		if err != nil {
			return err
		}
		_, err = chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: look.NoScripts})
		return err
	}))
}

// Frame waits for a frame of another site whose address begins with prefix.
func (t *Tab) Frame(prefix string) *Tab {
	t.test.Helper()
	var found *Tab
	Await(t.test, "the frame "+prefix, func() bool {
		targets, err := chromedp.Targets(t.ctx)
		if err != nil {
			t.test.Fatal(err)
		}
		for _, info := range targets {
			if info.Type == "iframe" && strings.HasPrefix(info.URL, prefix) {
				found = t.browser.attach(t.ctx, chromedp.WithTargetID(info.TargetID))
				return true
			}
		}
		return false
	})
	return found
}

// Await polls until ok.
func Await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); <-time.After(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %s", what, patience)
		}
	}
}
