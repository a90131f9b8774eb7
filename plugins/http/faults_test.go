package http

import (
	"bytes"
	"compress/gzip"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
)

const unknownOutcome = backend.Class("") // no failure: the gateway repeats the call

// faults are what an API can do to an order, with what the gateway is told.
func faults() map[string]struct {
	fault fault
	want  backend.Class
	words string
} {
	whole := `{"account":{"id":"x","key":"k","key_id":"k","sent":1}}`
	return map[string]struct {
		fault fault
		want  backend.Class
		words string
	}{
		"hangs up before it does anything": {hangUp, unknownOutcome, "POST /v2/accounts"},
		"loses the answer":                 {lost, unknownOutcome, "POST /v2/accounts"},
		"is too slow":                      {slow, unknownOutcome, "no answer within 1s"},
		"breaks off in the answer":         {cutOff, unknownOutcome, "broke off"},
		"answers 500 before":               {says(500, "{}"), backend.Retryable, "answers 500"},
		"answers 500 after":                {carriesOut(says(500, "{}")), backend.Retryable, "answers 500"},
		"answers 502 with a page":          {carriesOut(says(502, "<html>secret-token</html>", "Content-Type", "text/html")), backend.Retryable, "answers 502"},
		"answers 429":                      {says(429, "{}", "Retry-After", "7"), backend.Retryable, "answers 429"},
		"answers with a page":              {carriesOut(says(200, "<html>Log in</html>", "Content-Type", "text/html")), unknownOutcome, "is no JSON"},
		"answers with nothing":             {carriesOut(says(201, "")), unknownOutcome, "is no JSON"},
		"answers with broken JSON":         {carriesOut(says(201, `{"account":`, "Content-Type", "application/json")), unknownOutcome, "it is not whole"},
		"answers with two documents":       {carriesOut(says(201, `{} {}`, "Content-Type", "application/json")), unknownOutcome, "something follows"},
		"answers too much":                 {carriesOut(says(201, `{"a":"`+strings.Repeat("x", 70_000)+`"}`, "Content-Type", "application/json")), unknownOutcome, "larger than 65536 bytes"},
		"answers nested too deeply":        {carriesOut(says(201, strings.Repeat("[", 5000)+strings.Repeat("]", 5000), "Content-Type", "application/json")), unknownOutcome, "nested"},
		"answers with a huge number":       {carriesOut(says(201, `{"account":{"sent":1e999999999}}`, "Content-Type", "application/json")), unknownOutcome, "too many digits"},
		"answers with a wrong type":        {carriesOut(says(201, strings.Replace(whole, `"id":"x"`, `"id":7`, 1), "Content-Type", "application/json")), backend.Internal, "output account_id is number, not string"},
		"answers with a null":              {carriesOut(says(201, strings.Replace(whole, `"id":"x"`, `"id":null`, 1), "Content-Type", "application/json")), backend.Internal, "output account_id is null"},
		"answers without a member":         {carriesOut(says(201, `{"account":{"id":"x"}}`, "Content-Type", "application/json")), backend.Internal, `outputs: addongw.hcl:`},
		"answers with a list":              {carriesOut(says(201, `[1,2]`, "Content-Type", "application/json")), backend.Internal, `outputs: addongw.hcl:`},
		"answers an unexpected 204":        {carriesOut(says(204, "")), unknownOutcome, "is no JSON"},
		"redirects":                        {carriesOut(says(302, "", "Location", "/v2/elsewhere")), backend.Internal, "a redirect that is not followed"},
		"redirects for good":               {carriesOut(says(308, "", "Location", "https://evil.example/")), backend.Internal, "a redirect that is not followed"},
		"refuses us":                       {says(401, "{}"), backend.Internal, "answers 401"},
		"refuses the order":                {says(422, `{"error":{"message":"no such\n tier"}}`, "Content-Type", "application/json"), backend.Invalid, "answers 422: no such tier"},
		"has no room":                      {says(507, "{}"), backend.Quota, "answers 507"},
		"has no such path":                 {says(404, "{}"), backend.NotFound, "answers 404"},
		"does not know the method":         {says(405, "{}"), backend.Internal, "answers 405"},
		"cannot do it":                     {says(501, "{}"), backend.Internal, "answers 501"},
	}
}

// TestWhateverHappensToAnOrderThereIsOneAccount also lets the API forget keys:
// then what is there is found.
func TestWhateverHappensToAnOrderThereIsOneAccount(t *testing.T) {
	t.Parallel()
	for name, c := range faults() {
		for _, keyless := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				s := newSaaS(t)
				s.keyless = keyless
				h := configured(t, s.mailwind(verbs+find+"timeout = \"1s\"\nmax_response = 65536\n"))
				op := someOp(t)
				s.next(c.fault)
				_, r, err := provision(t, h, op)
				if c.want == unknownOutcome {
					wantUnknown(t, err, c.words)
				} else {
					wantFailure(t, err, c.want, c.words)
				}
				if strings.Contains(err.Error(), "secret-") {
					t.Errorf("a secret shows up in %q", err)
				}
				result, _, err := provision(t, h, r.again(op))
				if err != nil {
					t.Fatalf("the repeat: %v", err)
				}
				if n := s.count(); n != 1 || s.makes() != 1 {
					t.Errorf("%d accounts, %d made", n, s.makes())
				}
				if id := output(t, result.Outputs, "account_id"); id != "acc1" {
					t.Errorf("the outputs are of %s", id)
				}
				if _, err := deprovision(t, h, following(op, result)); err != nil || s.count() != 0 {
					t.Errorf("deprovision: %v, %d accounts are left", err, s.count())
				}
			})
		}
	}
}

// TestAnOrderThatIsGivenUpLeavesNothing removes, with what is known after the
// first attempt, whatever that has made.
func TestAnOrderThatIsGivenUpLeavesNothing(t *testing.T) {
	t.Parallel()
	for name, c := range faults() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSaaS(t)
			h := configured(t, s.mailwind(verbs+find+"timeout = \"1s\"\nmax_response = 65536\n"))
			op := someOp(t)
			s.next(c.fault)
			_, r, err := provision(t, h, op)
			if err == nil {
				t.Fatal("the order has not failed")
			}
			clean := following(op, backend.Result{State: r.lastState()})
			if _, err := deprovision(t, h, clean); err != nil || s.count() != 0 {
				t.Errorf("deprovision: %v, %d accounts are left", err, s.count())
			}
		})
	}
}

// A request that arrives late is carried out after the first look for it.
func TestARemovalWaitsForAnOrderThatIsStillOnItsWay(t *testing.T) {
	t.Parallel()
	s := newSaaS(t)
	arrived, looked := make(chan struct{}), make(chan struct{})
	h := configured(t, strings.Replace(s.mailwind(verbs+find), `settle            = "50ms"`, `settle = "20s"`, 1))
	op := someOp(t)
	s.next(func(w http.ResponseWriter, r *http.Request, handle http.HandlerFunc) {
		close(arrived)
		<-looked
		handle(w, r)
	}, func(w http.ResponseWriter, r *http.Request, handle http.HandlerFunc) {
		handle(w, r) // the first look finds nothing
		close(looked)
	})
	impatient, giveUp := context.WithCancel(t.Context())
	go func() {
		<-arrived
		giveUp()
	}()
	r := &recorder{}
	_, err := h.Provision(impatient, backend.ProvisionRequest{Op: op}, r)
	wantUnknown(t, err)
	clean := following(op, backend.Result{State: r.lastState()})
	clean.Deadline = time.Now().Add(10 * time.Second)
	if _, err := deprovision(t, h, clean); err != nil || s.count() != 0 || s.makes() != 1 {
		t.Errorf("deprovision: %v; %d made, %d left", err, s.makes(), s.count())
	}

	// Where there is no time to wait, the gateway is asked to come back.
	clean.Deadline = time.Now().Add(time.Second / 2)
	clean.State = r.lastState()
	_, err = deprovision(t, h, clean)
	if f := wantFailure(t, err, backend.Retryable, "may still be carried out"); f.RetryAfter == 0 {
		t.Error("no time to come back")
	}
}

func TestWhatIsLostWithoutAWayToFindItIsLeftToAnOperator(t *testing.T) {
	t.Parallel()
	s := newSaaS(t)
	h := configured(t, s.mailwind(verbs))
	op := someOp(t)
	s.next(lost)
	_, r, err := provision(t, h, op)
	wantUnknown(t, err)
	_, err = deprovision(t, h, following(op, backend.Result{State: r.lastState()}))
	wantFailure(t, err, backend.Internal, op.ResourceID, "write a block find")

	// What was refused, and what was never ordered, is not there.
	op.ResourceID, op.OperationID = op.ResourceID+"_2", "op_2"
	op.Plan = planOfTier("small", "unknown")
	_, r, err = provision(t, h, op)
	wantFailure(t, err, backend.Invalid)
	for _, state := range [][]byte{nil, r.lastState()} {
		if _, err = deprovision(t, h, following(op, backend.Result{State: state})); err != nil {
			t.Errorf("deprovision of what was refused: %v", err)
		}
	}
}

func TestWhatIsSomebodyElsesIsLeftAlone(t *testing.T) {
	t.Parallel()
	s := newSaaS(t)
	h := configured(t, s.mailwind(verbs+find))
	op := someOp(t)
	s.accounts["theirs"] = &account{ID: "theirs", Ref: op.ResourceID, Keys: []string{"k"}}
	_, r, err := provision(t, h, op)
	wantFailure(t, err, backend.Conflict, "answers 409: external_ref is taken")
	r2, err := deprovision(t, h, following(op, backend.Result{State: r.lastState()}))
	if err != nil || s.count() != 1 {
		t.Errorf("deprovision: %v; %d accounts", err, s.count())
	}
	if !strings.Contains(strings.Join(r2.lines, "\n"), "not ours") {
		t.Errorf("nobody is told: %q", r2.lines)
	}
}

// After an order without an answer, a conflict may be about that order.
func TestAConflictAfterALostAnswerIsNoProof(t *testing.T) {
	t.Parallel()
	s := newSaaS(t)
	s.keyless = true
	h := configured(t, s.mailwind(strings.Replace(verbs, `path = "/accounts/${output.account_id}"
}
suspend`, `path = "/refs/${resource.id}"
}
suspend`, 1)))
	op := someOp(t)
	s.next(lost)
	_, r, err := provision(t, h, op)
	wantUnknown(t, err)
	_, r, err = provision(t, h, r.again(op))
	wantFailure(t, err, backend.Retryable, "may be about our own order", "block find")
	s.next(says(204, ""))
	if _, err := deprovision(t, h, following(op, backend.Result{State: r.lastState()})); err != nil {
		t.Fatal(err)
	}
	if got := s.last(); got.Method != "DELETE" || got.Path != "/v2/refs/"+op.ResourceID {
		t.Errorf("the clean-up is %s %s", got.Method, got.Path)
	}
}

// A secret that reaches a block by an expression is no text of the config block.
func TestMessagesTellNoSecretsOfExpressions(t *testing.T) {
	t.Parallel()
	s := newSaaS(t)
	text := s.mailwind(strings.Replace(verbs, "suspend {", "suspend {\n  headers = { X-Key = var.key }\n  message = response.body.error.message", 1))
	h := configured(t, text)
	op, _ := mustProvision(t, h, someOp(t))
	roots := rootsOf(op)
	roots["var"] = cty.ObjectVal(map[string]cty.Value{"key": cty.StringVal("hidden\tkey").Mark(backend.Sensitive)})
	op.Config = backend.NewValue(ship(decoded(t, text), roots))
	s.next(func(w http.ResponseWriter, r *http.Request, _ http.HandlerFunc) {
		s.write(w, problem(422, "bad key "+r.Header.Get("X-Key")))
	})
	_, err := h.Backend.Suspend(t.Context(), backend.SuspendRequest{Op: op}, &recorder{})
	if f := wantFailure(t, err, backend.Invalid, "answers 422"); strings.Contains(f.Message, "hidden") {
		t.Errorf("%q", f.Message)
	}
}

func TestASecretWithBlanksIsFoundInASentence(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"it is a\tpass  phrase", "it\nis a pass phrase"} {
		if said := clean(text, []string{"a\tpass  phrase", "a pass phrase"}[:1+strings.Count(text, "\n")]); said != "" {
			t.Errorf("%q says %q", text, said)
		}
	}
}

// What is made of a secret is one, although no text of it is known.
func TestNoMessageIsMadeOfASecret(t *testing.T) {
	t.Parallel()
	s := newSaaS(t)
	h := configured(t, s.mailwind(strings.Replace(verbs, "suspend {", "suspend {\n  message = upper(output.api_key)\n  customer = sha256(output.api_key)", 1)))
	op, _ := mustProvision(t, h, someOp(t))
	s.next(says(422, "{}"))
	_, err := h.Suspend(t.Context(), backend.SuspendRequest{Op: op}, &recorder{})
	if f := wantFailure(t, err, backend.Invalid, "answers 422"); strings.Contains(f.Message, "KEY-") || f.Customer != "" {
		t.Errorf("%q, %q", f.Message, f.Customer)
	}
}

func TestARetryIsAskedForWhenTheServerWantsIt(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]time.Duration{"7": 7 * time.Second, "999999": time.Hour, "": 0, "soon": 0, "-5": 0} {
		s := newSaaS(t)
		h := configured(t, s.mailwind(verbs+find))
		s.next(says(503, "{}", "Retry-After", header))
		_, _, err := provision(t, h, someOp(t))
		if f := wantFailure(t, err, backend.Retryable); f.RetryAfter != want {
			t.Errorf("Retry-After %q: %v, want %v", header, f.RetryAfter, want)
		}
	}
}

func TestAByteOrderMarkIsNoPartOfAnAnswer(t *testing.T) {
	t.Parallel()
	s := newSaaS(t)
	h := configured(t, s.mailwind(verbs))
	s.next(says(201, "\uFEFF"+`{"account":{"id":"x","key":"k","key_id":"k","sent":1}}`, "Content-Type", "application/json"))
	if _, result := mustProvision(t, h, someOp(t)); output(t, result.Outputs, "account_id") != "x" {
		t.Errorf("got %v", result.Outputs)
	}
}

func TestNumbersKeepAllTheirDigits(t *testing.T) {
	t.Parallel()
	s := newSaaS(t)
	h := configured(t, s.mailwind(strings.Replace(verbs, `sent       = try(response.body.account.sent, 0)`, `sent = response.body.account.big`, 1)))
	_, result := mustProvision(t, h, someOp(t))
	if got := output(t, result.Outputs, "sent"); got != "9007199254740993" {
		t.Errorf("the number became %s", got)
	}
}

// An output that is not declared sensitive would show the secret to everybody.
func TestASecretDoesNotBecomeAnOpenOutput(t *testing.T) {
	t.Parallel()
	s := newSaaS(t)
	h := configured(t, s.mailwind(strings.Replace(verbs, `key_id = response.body.key_id }`, `key_id = output.api_key }`, 1)))
	op, _ := mustProvision(t, h, someOp(t))
	_, err := h.Rotate(t.Context(), backend.RotateRequest{Op: op, Phase: backend.RotateStage}, &recorder{})
	wantFailure(t, err, backend.Internal, "there is a secret in key_id")
}

// The gateway finds such a query when files are checked; this is for what only
// shows when it is sent.
func TestNoSecretIsSentAsAParameter(t *testing.T) {
	t.Parallel()
	s := newSaaS(t)
	h := configured(t, s.mailwind(verbs+find+"action \"look\" {\n path = \"/look\"\n query = { key = args.key }\n}\n"))
	args := value(map[string]cty.Value{"key": cty.StringVal("hidden-key").Mark(backend.Sensitive)})
	_, err := h.Invoke(t.Context(), backend.InvokeRequest{Op: someOp(t), Action: "look", Args: args}, &recorder{})
	if f := wantFailure(t, err, backend.Internal, "query holds a secret"); strings.Contains(f.Message, "hidden-key") || len(s.requests()) != 0 {
		t.Errorf("%v, %q", f, s.requests())
	}
}

func TestMessagesOfServersTellNoSecrets(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"bad token secret-token", "bad Bearer secret-token", `it is "secret-token"`} {
		s := newSaaS(t)
		h := configured(t, s.mailwind(strings.Replace(verbs, "message = response.body.error.message", "message = response.body.error.message\n  customer = response.body.error.message", 1)))
		s.next(func(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) { s.write(w, problem(422, text)) })
		_, _, err := provision(t, h, someOp(t))
		if f := wantFailure(t, err, backend.Invalid, "answers 422"); strings.Contains(f.Message+f.Customer, "secret-token") {
			t.Errorf("%q: %q, %q", text, f.Message, f.Customer)
		}
	}
	s := newSaaS(t)
	h := configured(t, s.mailwind(strings.Replace(verbs, "message = response.body.error.message", "message = response.body.error.message\n  customer = response.body.error.message", 1)))
	s.next(func(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) {
		s.write(w, problem(422, "The tier\nis sold out. "+strings.Repeat("x", 2000)))
	})
	_, _, err := provision(t, h, someOp(t))
	f := wantFailure(t, err, backend.Invalid, "The tier is sold out. xxx")
	if !strings.HasPrefix(f.Customer, "The tier is sold out. ") || len(f.Customer) > mostLength+10 || strings.Contains(f.Customer, "\n") {
		t.Errorf("the customer reads %q", f.Customer)
	}
}

// net/http would send a request again by itself where it has an idempotency key;
// whether that is right is not for it to decide.
func TestARequestIsSentOnce(t *testing.T) {
	t.Parallel()
	s := newSaaS(t)
	h := configured(t, s.mailwind(verbs+find))
	op, _ := mustProvision(t, h, someOp(t)) // a connection is there to be reused
	for _, verb := range []func() error{
		func() error {
			_, err := h.Suspend(t.Context(), backend.SuspendRequest{Op: op, Reason: "late"}, &recorder{})
			return err
		},
		func() error { // it has no body
			_, err := h.Resume(t.Context(), backend.ResumeRequest{Op: op}, &recorder{})
			return err
		},
		func() error {
			_, err := deprovision(t, h, op)
			return err
		},
	} {
		before := len(s.requests())
		s.next(hangUp)
		wantUnknown(t, verb())
		if n := len(s.requests()) - before; n != 1 {
			t.Errorf("%d requests arrived: %q", n, s.requests()[before:])
		}
	}
}

// Some servers refuse a POST that does not say how long it is.
func TestARequestWithoutABodySaysSo(t *testing.T) {
	t.Parallel()
	s := newSaaS(t)
	h := configured(t, s.mailwind(verbs+find))
	op, _ := mustProvision(t, h, someOp(t))
	s.next(func(w http.ResponseWriter, r *http.Request, handle http.HandlerFunc) {
		if r.ContentLength != 0 || len(r.TransferEncoding) > 0 || r.Header.Get("Content-Length") != "0" {
			t.Errorf("%s %s: length %d, %q, %v", r.Method, r.URL.Path, r.ContentLength, r.TransferEncoding, r.Header)
		}
		handle(w, r)
	})
	if _, err := h.Resume(t.Context(), backend.ResumeRequest{Op: op}, &recorder{}); err != nil {
		t.Fatal(err)
	}
}

// What a proxy writes into a refusal need not be what it says it is.
func TestARefusalNeedNotBeJSON(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"<html>", `{"error":`, strings.Repeat("x", 70_000)} {
		s := newSaaS(t)
		h := configured(t, s.mailwind(strings.Replace(verbs, "message = response.body.error.message", `message = "it says ${jsonencode(response.body)}"`, 1)+"max_response = 65536\n"))
		s.next(says(502, body, "Content-Type", "application/json"))
		_, _, err := provision(t, h, someOp(t))
		wantFailure(t, err, backend.Retryable, "answers 502: it says null")
	}
}

// An order that never left, or was refused, is none: a conflict after it is about
// somebody else's.
func TestAConflictAfterNothingWasMadeIsSomebodyElses(t *testing.T) {
	t.Parallel()
	away := httptest.NewServer(nil)
	away.Close()
	s := newSaaS(t)
	text := strings.Replace(verbs, `path = "/accounts/${output.account_id}"
}
suspend`, `path = "/refs/${resource.id}"
}
suspend`, 1)
	op := someOp(t)
	_, r, err := provision(t, configured(t, mailwindAt(away.URL, text)), op)
	wantUnknown(t, err, "refused")
	h := configured(t, s.mailwind(text))
	s.next(says(429, "{}"))
	op = r.again(op)
	_, r, err = provision(t, h, op)
	wantFailure(t, err, backend.Retryable)
	s.accounts["theirs"] = &account{ID: "theirs", Ref: op.ResourceID, Keys: []string{"k"}}
	op = r.again(op)
	_, r, err = provision(t, h, op)
	wantFailure(t, err, backend.Conflict)
	before := len(s.requests())
	if _, err := deprovision(t, h, following(op, backend.Result{State: r.lastState()})); err != nil || len(s.requests()) != before {
		t.Errorf("deprovision: %v, %q", err, s.requests()[before:])
	}

	// An attempt that nothing is known of may have made it, and so may one that
	// took too long for the server.
	op.Attempt++
	_, _, err = provision(t, h, op)
	wantFailure(t, err, backend.Retryable, "may be about our own order")
	op.OperationID, op.Attempt, op.State = "op_2", 1, nil
	s.next(says(408, "{}"))
	_, r, err = provision(t, h, op)
	wantFailure(t, err, backend.Retryable, "answers 408")
	_, _, err = provision(t, h, r.again(op))
	wantFailure(t, err, backend.Retryable, "may be about our own order")
}

// What is there without all its outputs is not ordered a second time where the API
// would make another one.
func TestWhatIsFoundInPartIsNotOrderedAgain(t *testing.T) {
	t.Parallel()
	s := newSaaS(t)
	s.keyless = true
	h := configured(t, s.mailwind(verbs+strings.Replace(find, "api_key    = response.body[0].key\n", "", 1)+"idempotency_header = \"\"\n"))
	op := someOp(t)
	s.next(lost)
	_, r, err := provision(t, h, op)
	wantUnknown(t, err)
	_, r, err = provision(t, h, r.again(op))
	wantFailure(t, err, backend.Internal, "does not find every output")
	if orders := strings.Count(strings.Join(s.requests(), "\n"), "POST "); orders != 1 {
		t.Errorf("%d orders: %q", orders, s.requests())
	}
	if _, err := deprovision(t, h, following(op, backend.Result{State: r.lastState()})); err != nil || s.count() != 0 {
		t.Errorf("deprovision: %v, %d accounts are left", err, s.count())
	}
}

// That a look is refused says nothing of the order.
func TestARefusedLookDoesNotRefuseTheOrder(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 402, 409, 403} {
		s := newSaaS(t)
		h := configured(t, s.mailwind(verbs+find))
		op := someOp(t)
		s.next(lost, says(status, "{}"))
		_, r, err := provision(t, h, op)
		wantUnknown(t, err)
		_, _, err = provision(t, h, r.again(op))
		wantFailure(t, err, backend.Internal, "find: GET /v2/accounts answers")
	}
}

// What a server packs is as large as it comes out.
func TestPackedAnswersAreBounded(t *testing.T) {
	t.Parallel()
	var bomb bytes.Buffer
	w := gzip.NewWriter(&bomb)
	_, _ = w.Write(bytes.Repeat([]byte{' '}, 8<<20))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	s := newSaaS(t)
	h := configured(t, s.mailwind(verbs+"max_response = 65536\n"))
	s.next(says(200, bomb.String(), "Content-Encoding", "gzip", "Content-Type", "application/json"))
	_, _, err := provision(t, h, someOp(t))
	wantUnknown(t, err, "larger than 65536 bytes")
}

func TestARequestIsWhatTheBlockSays(t *testing.T) {
	t.Parallel()
	s := newSaaS(t)
	h := configured(t, connection(s.URL)+`
idempotency_header = "X-Request-Id"
action "order" {
  method  = "PUT"
  path    = "/orders/${args.id}"
  query   = { a = "1&2", none = null, b = args.name }
  headers = { X-Plan = plan.id, X-None = null, Authorization = "Token ${credential.token}" }
  form    = { name = args.name, none = null, id = args.id }
  expect  = [202, 404]
  outputs = { status = response.status, kind = response.headers["content-type"], text = response.body, note = lookup(response.headers, "x-note", "") }
}
action "look" {
  path    = "/look"
  body    = { list = [1, 2.50, null, true], text = "ü\n", credential = credential, op = operation.id, attempt = operation.attempt }
}
`)
	op := someOp(t)
	op.Credential = map[string]string{"token": "users-token"}
	s.next(says(404, "not here", "Content-Type", "text/plain", "X-Note", "n"))
	result, err := h.Invoke(t.Context(), backend.InvokeRequest{Op: op, Action: "order", Args: value(map[string]cty.Value{"id": cty.NumberIntVal(7), "name": cty.StringVal("ü/+ x")})}, &recorder{})
	if err != nil {
		t.Fatal(err)
	}
	got := s.last()
	want := seen{Method: "PUT", Path: "/v2/orders/7", Query: "a=1%262&b=%C3%BC%2F%2B+x", Body: "id=7&name=%C3%BC%2F%2B+x"}
	if got.Method != want.Method || got.Path != want.Path || got.Query != want.Query || got.Body != want.Body {
		t.Errorf("arrived: %+v", got)
	}
	for name, value := range map[string]string{"X-Plan": "small", "Authorization": "Token users-token", "Content-Type": "application/x-www-form-urlencoded", "X-Request-Id": "op_1", "Idempotency-Key": "", "X-None": ""} {
		if got.Header.Get(name) != value {
			t.Errorf("header %s is %q, want %q", name, got.Header.Get(name), value)
		}
	}
	for name, value := range map[string]string{"status": "404", "kind": "text/plain", "text": "not here", "note": "n"} {
		if output(t, result.Outputs, name) != value {
			t.Errorf("output %s is %q, want %q", name, output(t, result.Outputs, name), value)
		}
	}
	op.OperationID = ""
	s.next(says(200, "{}"))
	if _, err = h.Invoke(t.Context(), backend.InvokeRequest{Op: op, Action: "look"}, &recorder{}); err != nil {
		t.Fatal(err)
	}
	got = s.last()
	if got.Body != `{"attempt":1,"credential":{"token":"users-token"},"list":[1,2.5,null,true],"op":"","text":"ü\n"}` || got.Header.Get("Content-Type") != "application/json" {
		t.Errorf("arrived: %+v", got)
	}
	if _, there := got.Header["X-Request-Id"]; there {
		t.Error("a look has an idempotency key")
	}
}
