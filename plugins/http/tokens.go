package http

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/addongw/addongw/plugins/backend"
)

// tokens gets access tokens by OAuth2 client credentials, and keeps one as long
// as it is good. The nil value gives none.
type tokens struct {
	config clientcredentials.Config
	http   *http.Client
	lock   chan struct{} // of token; waiting for it ends with the context
	token  *oauth2.Token
	given  atomic.Pointer[[]string] // the last ones, which no message may hold
}

func newTokens(config clientcredentials.Config, client *http.Client) *tokens {
	return &tokens{config: config, http: client, lock: make(chan struct{}, 1)}
}

// tokenTimeout is how long a token endpoint has for its answer.
const tokenTimeout = 10 * time.Second

// get gives the value of the header Authorization.
func (t *tokens) get(ctx context.Context) (string, error) {
	if t == nil {
		return "", nil
	}
	select {
	case t.lock <- struct{}{}:
		defer func() { <-t.lock }()
	case <-ctx.Done():
		return "", &unanswered{where: "POST to token_url", err: context.Cause(ctx)}
	}
	if !t.token.Valid() {
		ctx, cancel := context.WithTimeout(ctx, tokenTimeout)
		defer cancel()
		token, err := t.config.Token(context.WithValue(ctx, oauth2.HTTPClient, t.http))
		if err != nil {
			return "", tokenFailure(err)
		}
		t.token = token
		t.remember(token.AccessToken)
	}
	return t.token.Type() + " " + t.token.AccessToken, nil
}

// mostGiven is how many tokens are remembered: a request that is slow may have
// one that others have replaced.
const mostGiven = 8

// remember is called with the lock held.
func (t *tokens) remember(token string) {
	given := append([]string{token}, t.secrets()...)
	given = given[:min(len(given), mostGiven)]
	t.given.Store(&given)
}

// secrets are the last tokens.
func (t *tokens) secrets() []string {
	if t == nil || t.given.Load() == nil {
		return nil
	}
	return *t.given.Load()
}

// drop forgets a token that the API did not take, unless there is another one
// already.
func (t *tokens) drop(refused string) {
	t.lock <- struct{}{}
	defer func() { <-t.lock }()
	if t.token != nil && t.token.Type()+" "+t.token.AccessToken == refused {
		t.token = nil
	}
}

// tokenFailure sorts the errors of a token endpoint. Its answers are not
// repeated: they may hold what was sent.
func tokenFailure(err error) error {
	var refused refusedAddress
	if errors.As(err, &refused) {
		return backend.Failf(backend.Internal, "token_url was not asked: %s", refused.Error())
	}
	var answered *oauth2.RetrieveError
	var unreached *url.Error
	switch {
	case errors.As(err, &unreached):
		return backend.Failf(backend.Retryable, "token_url can't be reached: %v", unreached.Err)
	case !errors.As(err, &answered) || answered.Response == nil:
		return backend.Failf(backend.Retryable, "token_url answers something that is no token")
	}
	status := answered.Response.StatusCode
	if status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout {
		f := backend.Failf(backend.Retryable, "token_url answers %d", status)
		f.RetryAfter = answer{header: answered.Response.Header}.retryAfter(0, time.Hour)
		return f
	}
	return backend.Failf(backend.Internal, "token_url answers %d: it refuses client_id and client_secret, or scopes", status)
}
