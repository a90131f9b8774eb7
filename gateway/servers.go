package gateway

import (
	"encoding/json"
	"time"
)

// Caller is who calls a provider of servers. There is no password between
// platform and gateway: the caller's own credentials come with every call.
type Caller struct {
	// Identity tells callers apart: what one has ordered does not exist for
	// another. It is a fingerprint and says nothing about the credentials.
	Identity string

	// Credential is handed to the backend, and kept in memory only, as long as
	// work that needs it goes on.
	Credential map[string]Secret

	// Needed tells that the backend can do nothing without it, so that work which
	// has lost it, at a restart, waits for the caller's next call.
	Needed bool
}

// ActionCall is one call of an action of a backend.
type ActionCall struct {
	Action     string            // "verify"
	Credential map[string]Secret // the caller's, or the operator's own; may be empty
	ResourceID string            // what it is about; empty: nothing that is recorded
	Region     string            // our region id; may be empty
	Size       string            // the id of a spec; may be empty
	Args       map[string]any    // JSON values; none of them secret
	Timeout    time.Duration     // 0: as the backend block says
}

// ServerOrder is what a dialect asks the engine to order.
type ServerOrder struct {
	Name   string // as the platform calls it
	Region string
	Size   string
	Plan   string         // the plan that has the size; for operators
	Args   map[string]any // of the action create_server: JSON values, none of them secret

	// Dedupe returns the server of an earlier order that was the same (caller,
	// name, region and size) and is not older; 0: every order is a new one.
	Dedupe time.Duration
	// Capacity is how many servers the provider may have at once, those that are
	// being removed included; 0: any number.
	Capacity int
}

// Server is a server with what its backend has said of it.
type Server struct {
	Resource

	// Doing is the action that is going on, or that waits to begin: the first of
	// the server's own lane; empty: none. Begun tells that the backend was called.
	Doing string
	Begun bool

	Ref        string // the backend's own id; that of the resource where it has none
	Status     string // the backend's word, such as "active"; empty: it said none
	ExternalIP string // empty: not known yet
	InternalIP string
	Password   Secret    // nil: none was said
	LookedAt   time.Time // when the backend was last asked; zero: not since it was made
	Missing    bool      // the backend does not know it (yet)
}

// ServerAct is a change of a server that exists.
type ServerAct struct {
	Action string         // "reboot", "rename" or "install_key"
	Args   map[string]any // JSON values; none of them secret
	Name   string         // rename: what the server is called from now on
}

// KeyOrder is what a dialect asks the engine to keep.
type KeyOrder struct {
	Name      string
	PublicKey string // "ssh-ed25519 AAAA… comment"

	// Args are those of the action create_key. Nil: the gateway alone keeps the
	// key, no backend is asked.
	Args map[string]any
}

// Key is an SSH key.
type Key struct {
	Resource
	PublicKey string
	Ref       string // the backend's own id; that of the resource where it has none
}

// Document is something that a provider keeps from one start to the next.
type Document struct {
	Body json.RawMessage
	At   time.Time // when it was kept
}

// The actions that providers of servers may have their backend declare.
const (
	ActionCatalog      = "catalog"
	ActionVerify       = "verify"
	ActionCreateKey    = "create_key"
	ActionGetKey       = "get_key"
	ActionDeleteKey    = "delete_key"
	ActionCreateServer = "create_server"
	ActionGetServer    = "get_server"
	ActionDeleteServer = "delete_server"
	ActionReboot       = "reboot"
	ActionRename       = "rename"
	ActionInstallKey   = "install_key"
)
