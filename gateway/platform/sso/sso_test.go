package sso

import (
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var now = time.Unix(1_700_000_000, 0)

func TestATimestampIsJudgedExactlyAtTheLimits(t *testing.T) {
	w := Window{MaxAge: 5 * time.Minute, Skew: time.Minute}
	for text, want := range map[string]string{
		"1700000000":                      "",
		"1700000000000":                   "",
		"1699999700":                      "",
		"1699999700.00000000000000000000": "",
		"1699999699.99999999999999999999": "signed 5 minutes ago",
		"1699999700000":                   "",
		"1699999699999":                   "signed 5 minutes ago",
		"1699999699999.9999":              "signed 5 minutes ago",
		"1699999340":                      "signed 11 minutes ago",
		"1700000060":                      "",
		"1700000060000":                   "",
		"1700000060.00000000000000000001": "signed 1m0s ahead of our clock",
		"1700000060001":                   "signed 1m0s ahead of our clock",
		"1000000000000":                   "signed 8101 days ago", // in ms; read as seconds it would never expire
		"99999999999":                     "signed 2562047h47m16.854775807s ahead of our clock",
		"99999999999.9":                   "signed 2562047h47m16.854775807s ahead of our clock",
		"100000000000":                    "signed 18518 days ago", // 1973 in ms, not the year 5138
		"99999999999999999999":            "signed 2562047h47m16.854775807s ahead of our clock",
		"0":                               "signed 19675 days ago",
		"0001699999999":                   "", // the digest covers the text; the clock its value
		"0000.5":                          "signed 19675 days ago",
	} {
		stamp, err := ParseTimestamp(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got := ""
		if err := w.Check(stamp, now); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestAnEndIsNeverBeforeATimestampIsTooOld(t *testing.T) {
	w := Window{MaxAge: 5 * time.Minute, Skew: time.Minute}
	for _, text := range []string{"1700000000", "1699999760000", "1699999760000.9999", "1700000060", "1700000059.00000000000000000001"} {
		stamp, err := ParseTimestamp(text)
		if err != nil {
			t.Fatal(err)
		}
		end := w.Until(stamp, now)
		if w.Check(stamp, end.Add(time.Nanosecond)) == nil || w.Check(stamp, end.Add(-2*time.Nanosecond)) != nil {
			t.Errorf("%s is remembered until %s", text, end)
		}
	}
}

func TestWhatIsNoTimestampIsRefused(t *testing.T) {
	for _, text := range []string{
		"", " ", "now", "-1", "+1", "1e9", "0x10", "1_700_000_000", ".5", "1.", "1,5", "1.5.5", "1/2", " 1700000000", "1700000000\n",
		"١٧", "NaN", "Inf", "999999999999999999999", "1.000000000000000000000",
	} {
		if _, err := ParseTimestamp(text); err == nil {
			t.Errorf("%q is accepted", text)
		} else if text != "" && strings.Contains(err.Error(), text) && len(text) > 3 {
			t.Errorf("%q is quoted", text)
		}
	}
}

func TestAnAgeIsSaidAsAPersonWould(t *testing.T) {
	for age, want := range map[time.Duration]string{
		1: "0 seconds", 59 * time.Second: "59 seconds", 90 * time.Second: "1 minute", 11*time.Minute + 59*time.Second: "11 minutes",
		119 * time.Minute: "119 minutes", 2 * time.Hour: "2 hours", 47 * time.Hour: "47 hours", 49 * time.Hour: "2 days",
	} {
		if got := (&ExpiredError{Age: age}).Words(); got != want {
			t.Errorf("%s: %q, want %q", age, got, want)
		}
	}
}

func TestADigestFitsWholeOrNotAtAll(t *testing.T) {
	sum := sha1.Sum([]byte("a:b:c"))
	right := hex.EncodeToString(sum[:])
	for text, want := range map[string]bool{
		right: true, strings.ToUpper(right): true, "": false, right[:38]: false, right + "00": false, right[:39]: false,
		strings.Repeat("0", 40): false, right[:39] + "g": false, " " + right[1:]: false,
	} {
		if got := SameDigest(text, sum[:]); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
}

func readForm(contentType, body string) (Form, error) {
	r := httptest.NewRequest("POST", "/sso?id=from-the-query", strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	return ReadForm(httptest.NewRecorder(), r, "id", "email", "nav-data")
}

func TestAFormIsDecodedOnceAndEachFieldComesOnce(t *testing.T) {
	const form = "application/x-www-form-urlencoded"
	got, err := readForm(form+"; charset=utf-8", "email=me%2Bops%40my.self&nav-data=&other=1&other=2&x=%E9&note=a+b")
	if diff := cmp.Diff(Form{"email": "me+ops@my.self", "nav-data": ""}, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if got.Has("id") || !got.Has("nav-data") {
		t.Error("what was sent is not what was told")
	}
	for name, c := range map[string]struct{ media, body, want string }{
		"another type":   {"text/plain", "id=s3cret", "the body is no form"},
		"JSON":           {"application/json", `{"id":"s3cret"}`, "the body is no form"},
		"form data":      {"multipart/form-data; boundary=x", "", "the body is no form"},
		"no type":        {"", "id=s3cret", "the body is no form"},
		"twice":          {form, "id=s3cret&email=x&id=s3cret", `the field "id" comes twice`},
		"twice, escaped": {form, "id=s3cret&i%64=b", `the field "id" comes twice`},
		"bad escape":     {form, "id=s3cret%zz", "the form cannot be decoded"},
		"a semicolon":    {form, "id=s3cret;email=b", "the form cannot be decoded"},
		"no UTF-8":       {form, "id=s3cret%FF", `the field "id" is no text`},
		"a NUL":          {form, "id=s3cret%00", `the field "id" is no text`},
		"far too much":   {form, "id=" + strings.Repeat("s3cret", 20_000), "read form: http: request body too large"},
	} {
		if _, err := readForm(c.media, c.body); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	var tooLarge *http.MaxBytesError
	if _, err := readForm(form, strings.Repeat("x", maxForm+1)); !errors.As(err, &tooLarge) {
		t.Errorf("the limit is not kept: %v", err)
	}
	if _, err := readForm(form, strings.Repeat("x", maxForm)); err != nil {
		t.Errorf("at the limit: %v", err)
	}
}

// clock is a time that tests move.
type clock struct{ seconds atomic.Int64 }

func (c *clock) now() time.Time { return now.Add(time.Duration(c.seconds.Load()) * time.Second) }

func TestATicketIsTakenOnceAndLookedAtOften(t *testing.T) {
	tickets := NewTickets[string](10, (&clock{}).now)
	text := tickets.Issue("res_1", "res_1", now.Add(time.Minute))
	if other := tickets.Issue("res_2", "res_2", now.Add(time.Minute)); len(text) != 43 || other == text {
		t.Errorf("tickets %q and %q", text, other)
	}
	for range 2 {
		if value, ok := tickets.Look(text); value != "res_1" || !ok {
			t.Errorf("look: %q, %t", value, ok)
		}
	}
	if value, ok := tickets.Take(text); value != "res_1" || !ok {
		t.Errorf("take: %q, %t", value, ok)
	}
	for name, find := range map[string]func(string) (string, bool){"take": tickets.Take, "look": tickets.Look} {
		if value, ok := find(text); value != "" || ok {
			t.Errorf("%s again: %q, %t", name, value, ok)
		}
	}
	if _, ok := tickets.Look(""); ok {
		t.Error("an empty text stands for something")
	}
}

func TestATicketEndsWithItsTime(t *testing.T) {
	c := &clock{}
	tickets := NewTickets[int](10, c.now)
	text := tickets.Issue("res", 1, now.Add(60*time.Second))
	c.seconds.Store(59)
	if _, ok := tickets.Look(text); !ok {
		t.Error("it ends too early")
	}
	c.seconds.Store(60)
	if _, ok := tickets.Take(text); ok || len(tickets.byKey) != 0 || tickets.order.Len() != 0 {
		t.Errorf("after its time: %t, %d kept", ok, len(tickets.byKey))
	}
}

func TestMemoryIsBounded(t *testing.T) {
	c := &clock{}
	tickets := NewTickets[int](3, c.now)
	var texts []string
	for i := range 5 {
		texts = append(texts, tickets.Issue("res", i, now.Add(time.Minute)))
	}
	for i, text := range texts {
		if _, ok := tickets.Look(text); ok != (i >= 2) {
			t.Errorf("ticket %d: %t", i, ok)
		}
	}
	c.seconds.Store(61)
	tickets.Issue("res", 6, now.Add(time.Hour))
	if len(tickets.byKey) != 1 || tickets.order.Len() != 1 {
		t.Errorf("%d and %d kept, want the new one alone", len(tickets.byKey), tickets.order.Len())
	}
	if printed := fmt.Sprintf("%+v", tickets.order.Front().Value); strings.Contains(printed, texts[0]) {
		t.Error("texts are kept")
	}
}

func TestOneOfManyTakersGetsTheTicket(t *testing.T) {
	tickets := NewTickets[int](100, (&clock{}).now)
	text := tickets.Issue("res", 1, now.Add(time.Minute))
	var taken atomic.Int64
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if _, ok := tickets.Take(text); ok {
				taken.Add(1)
			}
			tickets.Issue("res", 2, now.Add(time.Minute))
		})
	}
	group.Wait()
	if taken.Load() != 1 {
		t.Errorf("taken %d times", taken.Load())
	}
}

// TestOneHolderLosesOnlyTheirOwn: whoever repeats a good sign-on without end
// signs nobody else out, and takes no more memory.
func TestOneHolderLosesOnlyTheirOwn(t *testing.T) {
	tickets := NewTickets[int](1000, (&clock{}).now)
	other := tickets.Issue("other", 1, now.Add(time.Minute))
	var texts []string
	for i := range 3000 {
		texts = append(texts, tickets.Issue("busy", i, now.Add(time.Minute)))
	}
	if _, ok := tickets.Look(other); !ok {
		t.Error("somebody else's ticket is forgotten")
	}
	if _, ok := tickets.Look(texts[len(texts)-mostOfOne-1]); ok || len(tickets.byKey) != mostOfOne+1 || tickets.order.Len() != mostOfOne+1 {
		t.Errorf("%d tickets are kept", len(tickets.byKey))
	}
	for _, text := range texts {
		tickets.Take(text)
	}
	tickets.Take(other)
	if len(tickets.held) != 0 || len(tickets.byKey) != 0 || tickets.order.Len() != 0 {
		t.Errorf("left: %d holders, %d tickets", len(tickets.held), len(tickets.byKey))
	}
}
