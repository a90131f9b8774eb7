package web

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/addongw/addongw/gateway"
)

func TestAProofOpensOneSession(t *testing.T) {
	b := newBrowser(gateway.Active, base)
	enter := func(proof string) error {
		w := httptest.NewRecorder()
		err := b.Enter(w, httptest.NewRequest("POST", "/sso", nil), resourceID, gateway.SignOn{Proof: proof, ProofUntil: b.clock.Now().Add(5 * time.Minute)})
		if err != nil && (w.Body.Len() > 0 || w.Header().Get("Location") != "") {
			t.Errorf("what was refused is answered with %d %q", w.Code, w.Header().Get("Location"))
		}
		return err
	}
	if err := enter("res_1:digest"); err != nil {
		t.Fatal(err)
	}
	if err := enter("res_1:digest"); gateway.KindOf(err) != gateway.Unauthorized || gateway.Message(err) != messageSpent {
		t.Errorf("the same proof again: %v", err)
	}
	if err := enter("res_1:another"); err != nil {
		t.Errorf("another proof: %v", err)
	}
	for range 2 {
		if err := enter(""); err != nil { // the platform's links may be opened again
			t.Error(err)
		}
	}
}

// TestAProofIsNotSpentOnAnAnswerThatFails: the customer may press reload.
func TestAProofIsNotSpentOnAnAnswerThatFails(t *testing.T) {
	b := newBrowser(gateway.Active, base)
	signOn := gateway.SignOn{Proof: "res_1:digest", ProofUntil: b.clock.Now().Add(time.Minute)}
	b.engine.set(func(e *fakeEngine) { e.err = gateway.Errorf(gateway.Unavailable, "Please try again.") })
	if err := b.Enter(httptest.NewRecorder(), httptest.NewRequest("POST", "/sso", nil), resourceID, signOn); gateway.KindOf(err) != gateway.Unavailable {
		t.Fatalf("the engine fails: %v", err)
	}
	b.engine.set(func(e *fakeEngine) { e.err = nil })
	if err := b.Enter(httptest.NewRecorder(), httptest.NewRequest("POST", "/sso", nil), resourceID, signOn); err != nil {
		t.Errorf("the proof was spent on nothing: %v", err)
	}
}

func TestWhoComesTooLateIsToldAndNotLetIn(t *testing.T) {
	b := newBrowser(gateway.Deprovisioned, base)
	w := httptest.NewRecorder()
	if err := b.Gone(w, httptest.NewRequest("POST", "/sso", nil), resourceID); err != nil || w.Code != 302 || w.Body.Len() != 0 {
		t.Fatalf("%d, %v", w.Code, err)
	}
	address := w.Header().Get("Location")
	page := b.send("GET", address, nil)
	if page.Code != 200 || !strings.Contains(page.Body.String(), messageGone) || !strings.Contains(page.Body.String(), "Back to Clever Cloud") {
		t.Errorf("the page is %d %s", page.Code, page.Body)
	}
	if page.Header().Get("Set-Cookie") != "" || strings.Contains(page.Body.String(), "token") {
		t.Error("a session was opened")
	}
	if again := b.send("GET", address, nil); again.Code != 403 {
		t.Errorf("the code works again: %d", again.Code)
	}
}
