package platform

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/julienschmidt/httprouter"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/secret"
)

func TestNoContentHasNotASingleByte(t *testing.T) {
	w := httptest.NewRecorder()
	if err := NoContent(w); err != nil {
		t.Fatal(err)
	}
	if w.Code != 204 || w.Body.Len() != 0 || !w.Flushed || w.Header().Get("Content-Type") != "" || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("status %d, body %q, flushed %t, headers %v", w.Code, w.Body, w.Flushed, w.Header())
	}
}

func TestEveryKindHasASignOnStatus(t *testing.T) {
	for _, kind := range gateway.Kinds() {
		if status := SignOnStatuses()[kind]; status < 400 || status > 599 {
			t.Errorf("%s has status %d", kind, status)
		}
	}
	if got := len(SignOnStatuses()); got != len(gateway.Kinds()) {
		t.Errorf("%d statuses", got)
	}
}

func TestEncodeAnswersReadableJSON(t *testing.T) {
	w := httptest.NewRecorder()
	if err := Encode(w, 201, map[string]string{"url": "a?b&c<é>"}); err != nil {
		t.Fatal(err)
	}
	if got := w.Body.String(); w.Code != 201 || got != `{"url":"a?b&c<é>"}`+"\n" || !w.Flushed {
		t.Errorf("status %d, body %q, flushed %t", w.Code, got, w.Flushed)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/json", "Content-Length": "20", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	w = httptest.NewRecorder()
	if err := Encode(w, 200, func() {}); err == nil || w.Body.Len() > 0 {
		t.Errorf("what is no JSON gives %v and %q", err, w.Body)
	}
}

func TestCredentialsNeedBothHalves(t *testing.T) {
	c := NewCredentials("acme-db", secret.New("pa:ss wörd"))
	for pair, ok := range map[string]bool{
		"acme-db:pa:ss wörd": true, "acme-db:": false, ":pa:ss wörd": false, "acme-db:pa": false, "acme-d:pa:ss wörd": false,
		"acme-db:pa:ss wörd ": false, ":": false, "": false,
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(pair)))
		if err := c.Check(r); (err == nil) != ok || err != nil && gateway.KindOf(err) != gateway.Unauthorized {
			t.Errorf("%q: %v", pair, err)
		}
	}
	if err := c.Check(httptest.NewRequest("GET", "/", nil)); gateway.KindOf(err) != gateway.Unauthorized {
		t.Errorf("no header: %v", err)
	}
	if printed := fmt.Sprintf("%v %+v", c, c); strings.Contains(printed, "wörd") {
		t.Errorf("the password prints: %s", printed)
	}
}

func TestAnEmptyHalfLetsNobodyIn(t *testing.T) {
	for _, c := range []Credentials{{}, NewCredentials("", secret.Value{}), NewCredentials("a", secret.Value{}), NewCredentials("", secret.New("b"))} {
		for _, pair := range [][2]string{{"", ""}, {"a", ""}, {"", "b"}} {
			r := httptest.NewRequest("GET", "/", nil)
			r.SetBasicAuth(pair[0], pair[1])
			if err := c.Check(r); err == nil {
				t.Errorf("%q gets in", pair)
			}
		}
	}
}

func failures() Failures {
	return Failures{
		Status: map[gateway.Kind]int{gateway.Refused: 422, gateway.Internal: 500, gateway.Unauthorized: 401},
		Body: func(kind gateway.Kind, message string) any {
			return map[string]string{"kind": string(kind), "message": message}
		},
		Realm: "acme",
	}
}

func handle(h Handler) (*httptest.ResponseRecorder, error) {
	w, notes := httptest.NewRecorder(), &Notes{}
	r := httptest.NewRequest("GET", "/", nil)
	failures().Handle(h)(w, r.WithContext(WithNotes(r.Context(), notes)), nil)
	_, err := notes.Taken()
	return w, err
}

func TestAReturnedErrorIsAnsweredAndNoted(t *testing.T) {
	cause := errors.New("the cause")
	w, noted := handle(func(http.ResponseWriter, *http.Request, httprouter.Params) error {
		return fmt.Errorf("order: %w", &gateway.Error{Kind: gateway.Refused, Message: "No.", Cause: cause, RetryAfter: time.Millisecond})
	})
	if got := strings.TrimSpace(w.Body.String()); w.Code != 422 || got != `{"kind":"refused","message":"No."}` || w.Header().Get("Retry-After") != "1" {
		t.Errorf("the answer is %d %s %v", w.Code, got, w.Header())
	}
	if !errors.Is(noted, cause) {
		t.Errorf("noted is %v", noted)
	}
}

func TestAKindWithoutStatusIsOurFault(t *testing.T) {
	w, _ := handle(func(http.ResponseWriter, *http.Request, httprouter.Params) error {
		return gateway.Errorf(gateway.Quota, "Full.")
	})
	if w.Code != 500 {
		t.Errorf("status %d", w.Code)
	}
}

func TestAnErrorAfterTheAnswerIsOnlyNoted(t *testing.T) {
	w, noted := handle(func(w http.ResponseWriter, _ *http.Request, _ httprouter.Params) error {
		if err := Encode(w, 200, "answer"); err != nil {
			return err
		}
		return errors.New("record delivery: store is gone")
	})
	if w.Code != 200 || w.Body.String() != "\"answer\"\n" || noted == nil {
		t.Errorf("the answer is %d %q; noted %v", w.Code, w.Body, noted)
	}
}

func TestAPanicIsAnsweredOnceAndNotedWithItsPlace(t *testing.T) {
	w, noted := handle(func(http.ResponseWriter, *http.Request, httprouter.Params) error { panic("s3cret") })
	if w.Code != 500 || strings.Contains(w.Body.String(), "s3cret") || !strings.Contains(fmt.Sprint(noted), "http_test.go") {
		t.Errorf("the answer is %d %s; noted %v", w.Code, w.Body, noted)
	}
	w, noted = handle(func(w http.ResponseWriter, _ *http.Request, _ httprouter.Params) error {
		_, _ = w.Write([]byte("half"))
		panic("late")
	})
	if w.Code != 200 || w.Body.String() != "half" || noted == nil {
		t.Errorf("the answer is %d %q; noted %v", w.Code, w.Body, noted)
	}
	defer func() {
		if recover() != http.ErrAbortHandler {
			t.Error("an aborted request is not aborted")
		}
	}()
	_, _ = handle(func(http.ResponseWriter, *http.Request, httprouter.Params) error { panic(http.ErrAbortHandler) })
}

// recordingLifecycle counts deliveries.
type recordingLifecycle struct {
	Lifecycle
	delivered int
	cancelled bool
}

func (l *recordingLifecycle) Delivered(ctx context.Context, _ gateway.Delivery) error {
	l.delivered++
	l.cancelled = ctx.Err() != nil
	return nil
}

// brokenWriter is a connection that is gone.
type brokenWriter struct{ http.ResponseWriter }

func (brokenWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// brokenFlush is one whose end shows when the bytes leave.
type brokenFlush struct{ http.ResponseWriter }

func (brokenFlush) FlushError() error { return io.ErrClosedPipe }

// leavingWriter is a caller that hangs up as soon as it has the answer.
type leavingWriter struct {
	http.ResponseWriter
	leave func()
}

func (w leavingWriter) FlushError() error { w.leave(); return nil }

func TestOnlyWhatReachedThePlatformIsDelivered(t *testing.T) {
	alive := context.Background()
	leaving, leave := context.WithCancel(alive)
	gone, cancel := context.WithCancel(alive)
	cancel()
	for name, c := range map[string]struct {
		w      http.ResponseWriter
		ctx    context.Context
		want   int
		failed bool
	}{
		"a good connection": {httptest.NewRecorder(), alive, 1, false},
		"a broken one":      {brokenWriter{httptest.NewRecorder()}, alive, 0, true},
		"a broken flush":    {brokenFlush{httptest.NewRecorder()}, alive, 0, true},
		"a hung-up caller":  {httptest.NewRecorder(), gone, 0, false},
		"a hurried caller":  {leavingWriter{httptest.NewRecorder(), leave}, leaving, 1, false},
	} {
		l := &recordingLifecycle{}
		r := httptest.NewRequest("POST", "/", nil).WithContext(c.ctx)
		err := Deliver(c.w, r, l, 200, map[string]string{}, gateway.Delivery{})
		if l.delivered != c.want || (err != nil) != c.failed || l.cancelled {
			t.Errorf("%s: %d deliveries, %v", name, l.delivered, err)
		}
	}
}

func TestNotesAreCollectedPerRequest(t *testing.T) {
	notes := &Notes{}
	ctx := WithNotes(t.Context(), notes)
	first := errors.New("first")
	Note(ctx, slog.String("plan", "basic"))
	NoteError(ctx, first)
	NoteError(ctx, errors.New("second"))
	Note(ctx, slog.String("resource", "res_1"))
	attrs, err := notes.Taken()
	if len(attrs) != 2 || err != first {
		t.Errorf("taken: %v, %v", attrs, err)
	}
	Note(t.Context(), slog.String("plan", "lost")) // without notes nothing happens
	NoteError(t.Context(), first)
}

func TestAPageAnswersAPersonInsteadOfThePlatform(t *testing.T) {
	f := failures()
	f.Page = func(w http.ResponseWriter, _ *http.Request, status int, message string) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "<p>"+message)
	}
	w := httptest.NewRecorder()
	f.Answer(w, httptest.NewRequest("POST", "/", nil), gateway.Errorf(gateway.Unauthorized, "No."))
	if w.Code != 401 || w.Body.String() != "<p>No." || w.Header().Get("WWW-Authenticate") != "" {
		t.Errorf("the answer is %d %s %v", w.Code, w.Body, w.Header())
	}
}
