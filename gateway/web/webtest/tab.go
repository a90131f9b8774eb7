package webtest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Tab is a page, or a frame in one.
type Tab struct {
	test    *testing.T
	browser *Browser
	ctx     context.Context

	mu       sync.Mutex
	messages []string
}

func (b *Browser) attach(parent context.Context, option chromedp.ContextOption) *Tab {
	b.t.Helper()
	tab := &Tab{test: b.t, browser: b}
	ctx, cancel := chromedp.NewContext(parent, option, chromedp.WithListener(tab.listen))
	b.t.Cleanup(cancel)
	tab.ctx = ctx
	if err := chromedp.Do(ctx); err != nil { // the context's first use must have no end of its own
		b.t.Fatalf("open a tab: %v", err)
	}
	return tab
}

// listen keeps what the console shows: calls, uncaught exceptions, and the
// browser's own complaints, such as a violated policy.
func (t *Tab) listen(event any) {
	var text string
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		for _, a := range e.Args {
			text += fmt.Sprint(e.Type, ": ", string(a.Value), a.Description, " ")
		}
	case *runtime.EventExceptionThrown:
		text = "exception: " + e.ExceptionDetails.Text
		if thrown := e.ExceptionDetails.Exception; thrown != nil {
			text += " " + thrown.Description
		}
	case *log.EventEntryAdded:
		text = fmt.Sprint(e.Entry.Source, ": ", e.Entry.Text, " ", e.Entry.URL)
	default:
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.messages = append(t.messages, text)
}

// Messages returns what the console has shown so far.
func (t *Tab) Messages() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.messages)
}

// Do runs actions; the test ends when one fails or takes too long.
func (t *Tab) Do(actions ...chromedp.Action[chromedp.Void]) {
	t.test.Helper()
	ctx, cancel := context.WithTimeout(t.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		t.test.Fatalf("the browser: %v", err)
	}
}

// Open goes to an address and waits until it is loaded.
func (t *Tab) Open(address string) {
	t.test.Helper()
	t.Do(chromedp.Navigate(address))
}

// Eval returns what a JavaScript expression is, as JSON would have it. It works
// without scripts, too: it is ours, not the page's.
func Eval[T any](t *Tab, expression string) T {
	t.test.Helper()
	ctx, cancel := context.WithTimeout(t.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		t.test.Fatalf("%s: %v", expression, err)
	}
	return value
}

// Text is what a person reads of the page; nothing while it is being replaced
// by another one.
func (t *Tab) Text() string {
	shown, err := chromedp.Run(t.ctx, chromedp.Evaluate[string]("document.body?.innerText ?? ''"))
	if err != nil {
		return ""
	}
	return shown
}

// AwaitText waits until a person can read text on the page.
func (t *Tab) AwaitText(text string) {
	t.test.Helper()
	Await(t.test, fmt.Sprintf("the text %q", text), func() bool { return strings.Contains(t.Text(), text) })
}

// AwaitTrue waits until a JavaScript expression is true.
func (t *Tab) AwaitTrue(expression string) {
	t.test.Helper()
	Await(t.test, expression, func() bool {
		value, err := chromedp.Run(t.ctx, chromedp.Evaluate[bool](expression))
		return err == nil && value
	})
}

// Click clicks the button or link with this text.
func (t *Tab) Click(text string) {
	t.test.Helper()
	t.Do(chromedp.Click(chromedp.Search(fmt.Sprintf(`//*[self::button or self::a][normalize-space()=%q]`, text))))
}

// Press tabs until the button or link with this text has the focus, and
// presses a key there.
func (t *Tab) Press(text, key string) {
	t.test.Helper()
	for range 50 {
		t.Do(chromedp.KeyEvent("\t"))
		if Eval[string](t, "document.activeElement.textContent.trim()") == text {
			t.Do(chromedp.KeyEvent(key))
			return
		}
	}
	t.test.Fatalf("the keyboard does not reach %q", text)
}

// Axe returns what axe-core finds against WCAG 2.2 AA and its best practices.
func (t *Tab) Axe() []string {
	t.test.Helper()
	_ = Eval[bool](t, axe(t.test)+"; true")
	return Eval[[]string](t, `axe.run({ resultTypes: ["violations"] }).then((r) => r.violations.flatMap((v) => v.nodes.map((n) => v.id + ": " + n.html + " " + n.failureSummary)))`)
}

// AxeVersion is the axe-core that .ci/setup fetches.
const AxeVersion = "4.14.1"

func axe(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(cache, "addongw", "axe-core-"+AxeVersion, "axe.min.js"))
	if err != nil {
		Missing(t, "axe-core "+AxeVersion)
	}
	return string(text)
}

// Screenshot keeps a picture of the page in the folder that
// ADDONGW_SCREENSHOTS names; without it, nothing is kept.
func (t *Tab) Screenshot(name string) {
	t.test.Helper()
	folder := os.Getenv("ADDONGW_SCREENSHOTS")
	if folder == "" {
		return
	}
	picture, err := chromedp.Run(t.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		t.test.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o644); err != nil {
		t.test.Fatal(err)
	}
}
