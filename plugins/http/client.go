package http

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"github.com/addongw/addongw/plugins/backend"
)

// client sends requests to one API, by the rules of the config block.
type client struct {
	http    *http.Client
	base    *url.URL
	headers map[string]string // sent with every request
	secrets []string          // of the config block
	tokens  *tokens           // nil: no OAuth2
	limiter *rate.Limiter
	limit   int64 // bytes of an answer
}

// hidden are the secrets that no message may hold.
func (c *client) hidden() []string { return slices.Concat(c.secrets, c.tokens.secrets()) }

// newHTTPClient is how this plugin speaks HTTP, to the API and to whom gives out
// tokens.
func newHTTPClient(s *settings, config *tls.Config) *http.Client {
	transport := &http.Transport{
		DialContext:            dialer(s.private).DialContext,
		TLSClientConfig:        config,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    10 * time.Second,
		IdleConnTimeout:        30 * time.Second,
		MaxIdleConnsPerHost:    16,
		MaxResponseHeaderBytes: 64 << 10,
	}
	return &http.Client{Transport: transport, CheckRedirect: s.checkRedirect}
}

// checkRedirect follows a redirect where that is allowed and leads to the same
// server: nobody else gets our credentials.
func (s *settings) checkRedirect(next *http.Request, via []*http.Request) error {
	first := via[0]
	reads := first.Method == http.MethodGet || first.Method == http.MethodHead
	if !s.redirects || !reads || !sameOrigin(first.URL, next.URL) || next.URL.User != nil || len(via) > 5 {
		return http.ErrUseLastResponse
	}
	return nil
}

// outgoing is one request.
type outgoing struct {
	method  string
	url     *url.URL
	headers map[string]string // beside those of every request, which they replace
	body    string
	kind    string        // Content-Type of the body; empty: there is none
	key     string        // for the idempotency header; empty: none
	keyName string        // of that header
	timeout time.Duration // from the first byte sent to the last received
}

// where names a request in messages: never with a query, which a server may
// have filled with anything.
func (o outgoing) where() string { return o.method + " " + o.url.EscapedPath() }

// unanswered is the error of a request whose outcome is unknown, unless nothing
// of it was sent.
type unanswered struct {
	where string
	sent  bool
	err   error
}

func (u *unanswered) Error() string { return u.where + ": " + u.err.Error() }
func (u *unanswered) Unwrap() error { return u.err }

// send makes a request and reads its answer to the end. A token that the server
// does not take is replaced once. An error is [*backend.Failure] where nothing
// was sent and it is known why, else [*unanswered].
func (c *client) send(ctx context.Context, o outgoing) (answer, error) {
	for again := false; ; again = true {
		token, err := c.tokens.get(ctx)
		if err != nil {
			return answer{}, err
		}
		if err := c.limiter.Wait(ctx); err != nil {
			return answer{}, limited(ctx, o)
		}
		a, err := c.exchange(ctx, o, token)
		if err != nil || a.status != http.StatusUnauthorized || c.tokens == nil || again {
			return a, err
		}
		c.tokens.drop(token)
	}
}

// limited is the failure of a request that rate_limit holds back longer than
// there is time.
func limited(ctx context.Context, o outgoing) error {
	if err := context.Cause(ctx); err != nil {
		return &unanswered{where: o.where(), err: err}
	}
	f := backend.Failf(backend.Retryable, "%s: not sent, rate_limit leaves no room for it", o.where())
	f.RetryAfter = time.Second
	return f
}

func (c *client) exchange(ctx context.Context, o outgoing, token string) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	sent := false
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { sent = true },
	})
	r, err := c.request(traced, o, token)
	if err != nil {
		return answer{}, err
	}
	response, err := c.http.Do(r)
	if err != nil {
		return answer{}, o.failed(err, sent)
	}
	defer func() { _ = response.Body.Close() }()
	a, err := readAnswer(response, c.limit)
	if err != nil && a.status < 400 {
		return answer{}, o.failed(err, true)
	}
	return a, nil // what a refusal is written in is no matter
}

func (o outgoing) failed(err error, sent bool) error {
	var refused refusedAddress
	if errors.As(err, &refused) {
		return backend.Failf(backend.Internal, "%s was not sent: %s", o.where(), refused.Error())
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("no answer within %v", o.timeout)
	}
	return &unanswered{where: o.where(), sent: sent, err: reason(err)}
}

// request composes what is sent.
func (c *client) request(ctx context.Context, o outgoing, token string) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, o.method, o.url.String(), strings.NewReader(o.body))
	if err != nil {
		return nil, backend.Failf(backend.Internal, "%s can't be sent", o.where())
	}
	r.Header.Set("User-Agent", "addongw-plugin-http/"+version)
	r.Header.Set("Accept", "application/json")
	if o.kind != "" {
		r.Header.Set("Content-Type", o.kind)
	}
	if token != "" {
		r.Header.Set("Authorization", token)
	}
	for _, headers := range []map[string]string{c.headers, o.headers} {
		for name, value := range headers {
			setHeader(r.Header, name, value)
		}
	}
	if o.key != "" && o.keyName != "" {
		setHeader(r.Header, o.keyName, o.key)
	}
	return r, nil
}

// setHeader sets a header. By the canonical name of an idempotency key net/http
// knows requests that it sends again by itself, after an answer that was lost:
// whether that is right is decided where such an order is looked for.
func setHeader(h http.Header, name, value string) {
	name = http.CanonicalHeaderKey(name)
	if strings.HasSuffix(name, "Idempotency-Key") {
		name = strings.ToLower(name)
	}
	h[name] = []string{value}
}

// isSafe reports whether a method only looks.
func isSafe(method string) bool { return method == http.MethodGet || method == http.MethodHead }

// reason is what went wrong on the way, without the address that was asked.
func reason(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
