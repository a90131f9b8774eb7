package caller

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/secret"
)

// callTimeout bounds one call, its answer included.
const callTimeout = 15 * time.Second

// longestRest bounds what a Retry-After may ask for.
const longestRest = time.Hour

// Caller makes authenticated calls below one base URL. Its errors are
// *gateway.Error whose texts are ours: they never quote an answer, which may
// hold config vars or e-mail addresses.
type Caller struct {
	title    string
	base     string
	username string
	password secret.Value
	client   *http.Client
}

// New makes a Caller of one platform's API at base. The title is the platform's
// name as customers know it: "Clever Cloud".
func New(title, base, username string, password secret.Value) Caller {
	return Caller{title: title, base: strings.TrimRight(base, "/"), username: username, password: password, client: &http.Client{
		Timeout: callTimeout,
		// A redirect could lead our credentials elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Base is where the API is, without a slash at its end.
func (c Caller) Base() string { return c.base }

// Below is the path of one thing below another path, by an id that others made.
// One that would lead elsewhere is gateway.Refused.
func Below(path, id string) (string, error) {
	if id == "" || id == "." || id == ".." {
		return "", gateway.Errorf(gateway.Refused, "The platform's id cannot be part of an address.")
	}
	return path + "/" + url.PathEscape(id), nil
}

// Read makes a GET and decodes its answer, of at most limit bytes, into the
// struct or list that into points to.
func (c Caller) Read(ctx context.Context, path string, limit int64, into any) error {
	response, err := c.call(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil {
		return c.unreachable(fmt.Errorf("read the answer: %w", bare(err)))
	}
	if int64(len(text)) > limit {
		return c.Misread(fmt.Sprintf("more than %d MiB", limit>>20))
	}
	return c.decode(text, into)
}

// oneAnswer is how much of an answer is read away that nobody looks at.
const oneAnswer = 1 << 20

// Send makes a call with body as JSON, nil for none; of the answer only the
// status counts.
func (c Caller) Send(ctx context.Context, method, path string, body any) error {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return gateway.Fault(errors.New("encode the call's body"))
		}
	}
	response, err := c.call(ctx, method, path, text)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, oneAnswer)) // so that the connection can be used again
	return nil
}

// call returns a 2xx answer that is no web page; everything else is an error.
func (c Caller) call(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, gateway.Fault(fmt.Errorf("the address of %s's API cannot be used", c.title))
	}
	request.SetBasicAuth(c.username, c.password.Reveal())
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "addongw")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := c.client.Do(request)
	if err != nil {
		return nil, c.unreachable(bare(err))
	}
	if err := c.judge(response); err != nil {
		_ = response.Body.Close()
		return nil, err
	}
	return response, nil
}

// judge maps statuses to kinds. A web page is what stands between us and
// the API when that is being repaired, or when api_url is wrong.
func (c Caller) judge(response *http.Response) error {
	status := response.StatusCode
	media, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	switch {
	case status >= 200 && status < 300 && media == "text/html":
		return c.Misread("a web page")
	case status >= 200 && status < 300:
		return nil
	case status >= 300 && status < 400:
		return c.Misread(fmt.Sprintf("a redirect (%d); if it stays so, set api_url to where the API is now", status))
	}
	meaning, known := statuses[status]
	if !known {
		meaning = answerMeaning{gateway.Refused, "%s's API refused the call."}
		if status >= 500 || status < 200 {
			meaning = answerMeaning{gateway.Unavailable, "%s's API failed."}
		}
	}
	return &gateway.Error{
		Kind: meaning.kind, Message: fmt.Sprintf(meaning.message, c.title), Cause: fmt.Errorf("status %d", status),
		RetryAfter: retryAfter(response.Header.Get("Retry-After"), time.Now()),
	}
}

// retryAfter reads seconds or a date (RFC 9110 §10.2.3); 0 where there is
// neither.
func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(header); err == nil {
		return min(max(time.Duration(min(seconds, int(longestRest/time.Second)))*time.Second, 0), longestRest)
	}
	if at, err := http.ParseTime(header); err == nil {
		return min(max(at.Sub(now), 0), longestRest)
	}
	return 0
}

// decode reads JSON. What is wrong with it is said by name and type, never by
// value.
func (c Caller) decode(text []byte, into any) error {
	err := json.Unmarshal(text, into)
	var mismatch *json.UnmarshalTypeError
	switch {
	case errors.As(err, &mismatch) && mismatch.Field != "":
		return c.Misread(fmt.Sprintf("%q of a wrong type", mismatch.Field))
	case errors.As(err, &mismatch):
		return c.Misread("JSON of another form")
	case err != nil:
		return c.Misread("no complete JSON")
	case string(bytes.TrimSpace(text)) == "null":
		return c.Misread("null")
	}
	return nil
}

// Misread is the error for an answer that is not what was asked for. Others
// made it, so others may mend it: a repeat is right.
func (c Caller) Misread(what string) error {
	return &gateway.Error{Kind: gateway.Unavailable, Message: c.title + "'s API answered " + what + "."}
}

// unreachable is the error for a call without an answer.
func (c Caller) unreachable(cause error) error {
	return &gateway.Error{Kind: gateway.Unavailable, Message: c.title + "'s API did not answer.", Cause: cause}
}

// bare drops what net/http puts around the cause: the address, which the log
// has no use for.
func bare(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}
