package nanobox

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/julienschmidt/httprouter"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
)

// session is one credentialed call: whose it is.
type session struct {
	caller   gateway.Caller
	regionID string // of the header Region-Id; empty mostly
}

// args completes the arguments of an action.
func (s session) args(args map[string]any) map[string]any {
	if s.regionID != "" {
		args["region_id"] = s.regionID
	}
	return args
}

// sessionHandler is an endpoint that only a customer may use.
type sessionHandler func(w http.ResponseWriter, r *http.Request, s session, id string) error

// access says how closely a caller is looked at.
type access int

const (
	asking     access = iota // about what exists: whose it is, says the identity
	cancelling               // asking, with credentials that may come in the body
	ordering                 // something new: a stranger's order would cost the vendor money
	verifying                // the backend is asked in any case
)

// authenticated runs h once it is known who calls. Nothing else about the
// request is looked at before.
func (a api) authenticated(how access, h sessionHandler) platform.Handler {
	return func(w http.ResponseWriter, r *http.Request, params httprouter.Params) error {
		var auth map[string]string
		var err error
		if how == cancelling {
			if auth, err = authBody(w, r); err != nil {
				return err
			}
		}
		found, err := a.readCredentials(r.Header, auth)
		if err != nil {
			return err
		}
		s, err := a.session(r, how, found)
		if err == nil {
			err = h(w, r, s, params.ByName("id"))
		}
		if err != nil && gateway.KindOf(err) == gateway.Unauthorized {
			a.distrust(r.Context(), found)
		}
		return found.hidden(err)
	}
}

func (a api) session(r *http.Request, how access, found credentials) (session, error) {
	if !a.accepted(found) {
		return session{}, refusedCredentials(nil)
	}
	region, err := regionID(r.Header)
	if err != nil {
		return session{}, err
	}
	s := session{regionID: region, caller: gateway.Caller{Credential: map[string]gateway.Secret{}, Needed: a.verifies()}}
	for key, value := range found {
		s.caller.Credential[key] = value
	}
	account, err := a.account(r.Context(), how, s, found)
	if err != nil {
		return session{}, err
	}
	s.caller.Identity, err = a.identity(r.Context(), found, account)
	return s, err
}

func refusedCredentials(cause error) error {
	return &gateway.Error{Kind: gateway.Unauthorized, Message: "The credentials were not accepted.", Cause: cause}
}

// accepted compares with what the files accept. All values are always compared,
// as digests of one length in constant time.
func (p *provider) accepted(found credentials) bool {
	fits := 1
	for _, accept := range p.own.accepts {
		sum, one := sha256.Sum256([]byte(found[accept.key].Reveal())), 0
		for _, digest := range accept.digests {
			one |= subtle.ConstantTimeCompare(sum[:], digest[:])
		}
		if found[accept.key].Empty() {
			one = 0
		}
		fits &= one
	}
	return fits == 1
}

// identifying are the fields that tell customers apart.
func (p *provider) identifying() []credential {
	marked := slices.DeleteFunc(slices.Clone(p.own.credentials), func(f credential) bool { return !f.identity })
	if len(marked) == 0 {
		return p.own.credentials
	}
	return marked
}

// identity is a fingerprint of whom the credentials belong to: the vendor's
// account, where the backend tells it, so that a new token finds what was
// ordered with the old one.
func (a api) identity(ctx context.Context, found credentials, account string) (string, error) {
	if account != "" {
		return a.servers.Fingerprint(ctx, a.common.ID, "account", account)
	}
	return a.fingerprint(ctx, "key", found, a.identifying())
}

func (a api) fingerprint(ctx context.Context, what string, found credentials, fields []credential) (string, error) {
	parts := []string{a.common.ID, what}
	for _, f := range fields {
		parts = append(parts, found[f.key].Reveal())
	}
	return a.servers.Fingerprint(ctx, parts...)
}

// account has the backend look at the credentials where that is needed, and
// returns whose they are by its account: "" where it tells none.
func (a api) account(ctx context.Context, how access, s session, found credentials) (string, error) {
	if !a.verifies() {
		return "", nil
	}
	tells, err := a.tellsAccounts(ctx)
	if err != nil {
		return "", err
	}
	if (how == asking || how == cancelling) && !tells && len(a.identifying()) == len(a.own.credentials) {
		return "", nil // who does not know all of it finds nothing
	}
	whole, err := a.whole(ctx, found)
	if err != nil {
		return "", err
	}
	if account, fresh := a.sessions.verified(whole); fresh && how != verifying {
		return account, nil
	}
	account, err := a.verify(ctx, s)
	if err != nil {
		return "", err
	}
	if account != "" && !tells {
		if err := a.servers.Keep(ctx, keptAccounts, json.RawMessage(`{"accounts":true}`)); err != nil {
			return "", err
		}
		a.sessions.tells(true)
	}
	a.sessions.verify(whole, account)
	return account, nil
}

// verifies reports whether the backend checks credentials itself: it can do
// nothing without them then.
func (p *provider) verifies() bool { return p.common.Can(gateway.ActionVerify) }

func (a api) whole(ctx context.Context, found credentials) (string, error) {
	return a.fingerprint(ctx, "credential", found, a.own.credentials)
}

// distrust forgets that credentials were good once the backend has refused
// them.
func (a api) distrust(ctx context.Context, found credentials) {
	if !a.verifies() {
		return
	}
	if whole, err := a.whole(context.WithoutCancel(ctx), found); err == nil {
		a.sessions.forget(whole)
	}
}

// keptAccounts is the document that says that identities are accounts. It is
// kept, because after a start nothing else would tell how a customer who only
// asks is to be found.
const keptAccounts = platform.AccountsDocument

func (a api) tellsAccounts(ctx context.Context) (bool, error) {
	if tells, known := a.sessions.told(); known {
		return tells, nil
	}
	_, err := a.servers.Kept(ctx, keptAccounts)
	if err != nil && gateway.KindOf(err) != gateway.NotFound {
		return false, err
	}
	a.sessions.tells(err == nil)
	return err == nil, nil
}

// verify asks the backend whether the credentials are good for the later work.
func (a api) verify(ctx context.Context, s session) (account string, err error) {
	bounded, cancel := context.WithTimeout(ctx, verifyLimit)
	defer cancel()
	answer, err := a.servers.Ask(bounded, gateway.ActionCall{
		Action: gateway.ActionVerify, Credential: s.caller.Credential, Args: s.args(map[string]any{}), Timeout: verifyLimit,
	})
	switch {
	case err == nil:
		if err := a.Judge(gateway.ActionVerify, answer); err != nil {
			return "", nonsense(err)
		}
		told, err := read(answer)
		return textIn(told.Account), err
	case ctx.Err() == nil && (bounded.Err() != nil || errors.Is(err, context.DeadlineExceeded)):
		return "", &gateway.Error{Kind: gateway.Unavailable, Message: "The provider's system did not answer in time.", Cause: err}
	case slices.Contains([]gateway.Kind{gateway.Refused, gateway.Unauthorized, gateway.Invalid, gateway.NotFound}, gateway.KindOf(err)):
		return "", &gateway.Error{Kind: gateway.Unauthorized, Message: gateway.Message(err), Cause: err}
	}
	return "", err
}

// sessions remembers in memory what backends said of credentials.
type sessions struct {
	now func() time.Time

	mu         sync.Mutex
	good       map[string]verdict // by the fingerprint of the whole credential
	accounts   bool
	knownWhich bool
}

type verdict struct {
	account string
	until   time.Time
}

const (
	verdictLife = 5 * time.Minute
	mostKept    = 10_000 // of anything that strangers can fill
)

func newSessions(now func() time.Time) *sessions {
	return &sessions{now: now, good: map[string]verdict{}}
}

func (s *sessions) verified(whole string) (account string, fresh bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.good[whole]
	return v.account, ok && s.now().Before(v.until)
}

func (s *sessions) verify(whole, account string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if len(s.good) >= mostKept {
		for key, v := range s.good {
			if !now.Before(v.until) {
				delete(s.good, key)
			}
		}
	}
	if len(s.good) < mostKept {
		s.good[whole] = verdict{account: account, until: now.Add(verdictLife)}
	}
}

func (s *sessions) forget(whole string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.good, whole)
}

func (s *sessions) told() (accounts, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accounts, s.knownWhich
}

func (s *sessions) tells(accounts bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accounts, s.knownWhich = accounts, true
}
