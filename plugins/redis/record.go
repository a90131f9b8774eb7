package redis

import (
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// phase is what is to become of a server.
type phase string

const (
	phaseOn        phase = "on"        // it runs
	phaseSuspended phase = "suspended" // it does not, until a resume
	phaseKept      phase = "kept"      // its customer is gone, its data stays until the purge
	phaseRemoved   phase = "removed"   // everything of it is being removed
)

// record is all that there is to know about a dedicated server, but the
// administrator's password. It is the file "instance.json" of the server's
// folder, and the one truth: the port that stands in it is taken, the runner
// keeps a server running as long as it says so, and the server's configuration
// is written from it at each start.
type record struct {
	Resource   string            `json:"resource"`
	Port       int               `json:"port"`
	Phase      phase             `json:"phase"`
	PurgeAfter time.Time         `json:"purge_after,omitzero"` // of a kept one
	Limits     limits            `json:"limits"`
	Logins     map[string]string `json:"logins"`     // SHA-256 of the password, by user
	UsedBytes  int64             `json:"used_bytes"` // memory in use when it was last stopped
	Delivered  bool              `json:"delivered"`  // a customer may have been given its address
}

// usable reports whether the resource is there for its customer.
func (r record) usable() bool { return r.Phase == phaseOn || r.Phase == phaseSuspended }

func (r record) users() []string {
	var names []string
	for name := range r.Logins {
		names = append(names, name)
	}
	return names
}

func (r record) text() []byte {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		panic(err) // nothing in it can fail
	}
	return append(text, '\n')
}

// readRecord reads the record of an instance; the error is fs.ErrNotExist where
// there is none.
func readRecord(i instance) (record, error) {
	var r record
	text, err := os.ReadFile(i.recordFile())
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(text, &r); err != nil || r.Resource == "" || r.Port == 0 {
		return r, fmt.Errorf("%s is damaged: it is no record of a server", i.recordFile())
	}
	return r, nil
}
