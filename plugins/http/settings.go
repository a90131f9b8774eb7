package http

import (
	"net/http"
	"net/url"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/declared"
)

// settings is the part of a config block that is evaluated when files are
// loaded.
type settings struct {
	base      *url.URL // nil: not known
	headers   map[string]string
	timeout   time.Duration
	limit     int64
	keyName   string  // of the idempotency header; empty: none
	rate      float64 // requests a second; 0: any number
	settle    time.Duration
	redirects bool
	private   bool
	plain     bool
	health    string // path; empty: nobody asks
	healthy   block  // which statuses are good
	tls       object
	oauth     object
	outputs   []declared.Output
	blocks    map[string]*block // by kind; those of actions by kind and name
}

// block is one block that describes a request.
type block struct {
	kind    blockKind
	action  string // of a block action: its name
	path    cty.Path
	config  object // as it stands in the config block
	method  string
	expect  map[int]bool // empty: 200 to 299
	classes map[string]backend.Class
	timeout time.Duration
	poll    *poll  // nil: the answer is the end
	find    *block // of an action: what finds what it is about; nil: the one for all
}

// poll is how a block is asked about work that goes on.
type poll struct {
	interval time.Duration
	class    backend.Class // of a failure that it reports
}

// name is what messages call a block.
func (b *block) name() string {
	if b.action != "" {
		return b.kind.name + ` "` + b.action + `"`
	}
	return b.kind.name
}

// key is where settings keep a block.
func blockKey(kind, action string) string {
	if action == "" {
		return kind
	}
	return kind + "." + action
}

// Settings that are not written.
const (
	defaultTimeout  = 10 * time.Second
	defaultLimit    = 1 << 20
	defaultKeyName  = "Idempotency-Key"
	defaultSettle   = 30 * time.Second
	defaultInterval = 2 * time.Second
)

// Bounds of settings.
const (
	leastTime  = time.Millisecond
	mostTime   = time.Hour
	mostLimit  = 64 << 20
	mostPoll   = 5 * time.Minute // between two questions, whatever Retry-After says
	leastPoll  = 100 * time.Millisecond
	mostRetry  = time.Hour
	mostLength = 300 // characters of a message
)

// actions are the names of the blocks action.
func (s *settings) actions() []string {
	var names []string
	for _, name := range objectNames(s.blocks) {
		if b := s.blocks[name]; b.action != "" && actionName.MatchString(b.action) && !isVerb(b.action) {
			names = append(names, b.action)
		}
	}
	return names
}

// actionsOnly reports whether there is nothing that makes or removes an add-on.
func (s *settings) actionsOnly() bool {
	return len(s.actions()) > 0 && s.blocks[string(backend.VerbProvision)] == nil && s.blocks[string(backend.VerbDeprovision)] == nil
}

// lacks are the abilities whose blocks are not there. Without suspend there is
// still something to do: the gateway records it.
func (s *settings) lacks() (list []backend.Capability) {
	for _, can := range []backend.Capability{backend.CanChangePlan, backend.CanRotate, backend.CanRead} {
		if s.blocks[string(can)] == nil {
			list = append(list, can)
		}
	}
	return list
}

// returned are the outputs that the API returns: the gateway makes the others.
func (s *settings) returned() map[string]declared.Output {
	all := map[string]declared.Output{}
	for _, o := range s.outputs {
		if o.Generated == 0 {
			all[o.Name] = o
		}
	}
	return all
}

// expects reports whether a status is a success.
func (b *block) expects(status int) bool {
	if len(b.expect) == 0 {
		return status/100 == 2
	}
	return b.expect[status]
}

// classOf says what a status that is no success means.
func (b *block) classOf(status int) backend.Class {
	for _, key := range []string{statusKey(status), statusKey(status)[:1] + "xx"} {
		if class, told := b.classes[key]; told {
			return class
		}
	}
	switch status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return backend.Invalid
	case http.StatusUnauthorized, http.StatusForbidden:
		if b.config.mentions("credential", "headers", "query", "body", "form", "path") {
			return backend.Unauthorized
		}
		return backend.Internal // our own credentials
	case http.StatusNotFound, http.StatusGone:
		return backend.NotFound
	case http.StatusConflict:
		return backend.Conflict
	case http.StatusPaymentRequired, http.StatusInsufficientStorage:
		return backend.Quota
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return backend.Retryable
	case http.StatusNotImplemented:
		return backend.Internal
	}
	if status >= 500 {
		return backend.Retryable
	}
	return backend.Internal
}
