package admin

import (
	"encoding/json"
	"maps"
	"time"

	"github.com/addongw/addongw/gateway"
)

// Status is what GET /v1/status answers.
type Status struct {
	Version   string    `json:"version"`
	StartedAt time.Time `json:"started_at"`
	Listen    string    `json:"listen"`
	Ready     bool      `json:"ready"`
	Reason    string    `json:"reason,omitempty"` // why it is not ready

	Directory string    `json:"directory"` // of the configuration
	Digest    string    `json:"digest"`    // of the files that are active
	LoadedAt  time.Time `json:"loaded_at"` // when they became active
	Addons    []string  `json:"addons"`
	Providers []string  `json:"providers,omitempty"` // of servers
	Backends  []string  `json:"backends"`
}

// Outcome says what became of a reload.
type Outcome string

// What may become of a reload. Unless it is done, the configuration before is
// still active.
const (
	ReloadDone    Outcome = "done"
	ReloadInvalid Outcome = "invalid" // the files have errors
	ReloadBlocked Outcome = "blocked" // living resources need what the files no longer have
	ReloadFailed  Outcome = "failed"  // the files are fine, but cannot be put into effect
)

// Reload is what POST /v1/reload answers.
type Reload struct {
	Outcome   Outcome  `json:"outcome"`
	Directory string   `json:"directory"`
	Digest    string   `json:"digest"`            // of the files that are active now
	Changes   []string `json:"changes,omitempty"` // what differs from before, a line each
	Restart   []string `json:"restart,omitempty"` // settings that take effect at the next start only
	Message   string   `json:"message,omitempty"` // why it failed

	Diagnostics json.RawMessage `json:"diagnostics,omitempty"` // as "validate --format json" prints them
	Text        string          `json:"text,omitempty"`        // the same for people
}

// Owner is a resource's owner as the platform told.
type Owner struct {
	ID     string   `json:"id,omitempty"`
	Name   string   `json:"name,omitempty"`
	Email  string   `json:"email,omitempty"`
	Emails []string `json:"emails,omitempty"` // of all its members
}

// Resource is a resource in answers.
type Resource struct {
	ID          string            `json:"id"`
	ShortID     string            `json:"short_id"`
	ProviderID  string            `json:"provider_id"`
	Kind        string            `json:"kind"` // addon, server or ssh_key
	Platform    string            `json:"platform"`
	Addon       string            `json:"addon"`
	ExternalID  string            `json:"platform_id"`
	Plan        string            `json:"plan"`
	DesiredPlan string            `json:"desired_plan,omitempty"`
	Region      string            `json:"region"`
	Backend     string            `json:"backend"`
	State       string            `json:"state"`
	Reason      string            `json:"reason,omitempty"`     // why it is suspended, or why a server could not be made
	LockedOut   bool              `json:"locked_out,omitempty"` // its backend keeps the customer out, or may
	Accepted    bool              `json:"accepted,omitempty"`   // its platform was answered before it was there
	LastError   string            `json:"last_error,omitempty"`
	Name        string            `json:"name,omitempty"`
	App         string            `json:"app,omitempty"` // the platform's id of the customer's application
	Options     map[string]string `json:"options,omitempty"`
	Owner       *Owner            `json:"owner,omitempty"`
	Delivered   bool              `json:"delivered"`
	Rotation    *Rotation         `json:"rotation,omitempty"`   // of its credentials, while one is under way
	RotatedAt   *time.Time        `json:"rotated_at,omitempty"` // when its credentials were last replaced
	CreatedAt   time.Time         `json:"created_at"`
	UpdatedAt   time.Time         `json:"updated_at"`
	DeletedAt   *time.Time        `json:"deleted_at,omitempty"`
}

// Operation is an operation in answers.
type Operation struct {
	ID         string     `json:"id"`
	ResourceID string     `json:"resource_id"`
	Verb       string     `json:"verb"`
	Action     string     `json:"action,omitempty"` // the backend's, by which servers and keys are made, changed and removed
	Mode       string     `json:"mode,omitempty"`   // of a deprovision: soft or purge; of a rotate: stage, commit or abort
	State      string     `json:"state"`
	Step       string     `json:"step,omitempty"`
	Attempt    int        `json:"attempt"`
	Plan       string     `json:"plan,omitempty"`
	WaitingFor string     `json:"waiting_for,omitempty"`
	Error      string     `json:"error,omitempty"`
	RunAt      *time.Time `json:"run_at,omitempty"`
	CreatedAt  time.Time  `json:"created_at"`
	FinishedAt *time.Time `json:"finished_at,omitempty"`
}

// Resources is what GET /v1/resources answers. Next, when not empty, is the
// After of the following page.
type Resources struct {
	Resources []Resource `json:"resources"`
	Next      string     `json:"next,omitempty"`
}

// ResourceDetail is what GET /v1/resources/ID answers.
type ResourceDetail struct {
	Resource   Resource     `json:"resource"`
	Server     *KnownServer `json:"server,omitempty"` // of a server: what its backend has said
	Operations []Operation  `json:"operations"`       // newest first
}

// KnownServer is what is known of a server. Its password is nobody's but its
// customer's.
type KnownServer struct {
	Ref        string     `json:"ref"`              // the backend's own id
	Status     string     `json:"status,omitempty"` // the backend's word
	ExternalIP string     `json:"external_ip,omitempty"`
	InternalIP string     `json:"internal_ip,omitempty"`
	Doing      string     `json:"doing,omitempty"` // the action that goes on, or that is next
	Begun      bool       `json:"begun,omitempty"` // its backend was called for that
	LookedAt   *time.Time `json:"looked_at,omitempty"`
}

// Operations is what GET /v1/operations answers.
type Operations struct {
	Operations []Operation `json:"operations"`
	Next       string      `json:"next,omitempty"`
}

// problem is the body of every answer that is not 2xx.
type problem struct {
	Kind    gateway.Kind `json:"kind"`
	Message string       `json:"message"`
}

func optionalTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func wireResource(r gateway.Resource, hides func(addon, option string) bool) Resource {
	w := Resource{
		ID: r.ID, ShortID: r.ShortID, ProviderID: r.ProviderID, Kind: string(r.Kind),
		Platform: r.Platform, Addon: r.Addon, ExternalID: r.ExternalID,
		Plan: r.Plan, DesiredPlan: r.DesiredPlan, Region: r.Region, Backend: r.Backend,
		State: string(r.State), Reason: r.Reason, LockedOut: r.LockedOut, Accepted: r.Accepted, LastError: r.LastError, Name: r.Name, App: r.App, Options: maps.Clone(r.Options),
		Delivered: r.Delivered(), CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(),
		DeletedAt: optionalTime(r.DeletedAt), Rotation: wireRotation(r.Rotation), RotatedAt: optionalTime(r.RotatedAt),
	}
	for option := range w.Options {
		if hides(r.Addon, option) {
			w.Options[option] = "[redacted]"
		}
	}
	if r.Owner != (gateway.Owner{}) || len(r.OwnerEmails) > 0 {
		w.Owner = &Owner{ID: r.Owner.ID, Name: r.Owner.Name, Email: r.Owner.Email, Emails: r.OwnerEmails}
	}
	return w
}

func wireServer(s gateway.Server) *KnownServer {
	return &KnownServer{
		Ref: s.Ref, Status: s.Status, ExternalIP: s.ExternalIP, InternalIP: s.InternalIP,
		Doing: s.Doing, Begun: s.Begun, LookedAt: optionalTime(s.LookedAt),
	}
}

func wireOperation(o gateway.Operation) Operation {
	return Operation{
		ID: o.ID, ResourceID: o.ResourceID, Verb: o.Verb, Action: o.Action, Mode: o.Mode, State: string(o.State), Step: o.Step,
		Attempt: o.Attempt, Plan: o.Plan, WaitingFor: o.WaitingFor, Error: o.Error,
		RunAt: optionalTime(o.RunAt), CreatedAt: o.CreatedAt.UTC(), FinishedAt: optionalTime(o.FinishedAt),
	}
}

func wireOperations(ops []gateway.Operation) []Operation {
	wire := make([]Operation, 0, len(ops))
	for _, o := range ops {
		wire = append(wire, wireOperation(o))
	}
	return wire
}
