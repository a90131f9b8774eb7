package postgres

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/attribute"
)

const (
	maxIdentifier = 63                        // bytes; PostgreSQL would cut off the rest without an error
	maxRole       = maxIdentifier - len("_g") // room for the suffix

	stagingPrefix = "addongw_new_"
)

// target is one resource as the server knows it: the names of what belongs to
// it, and the comment that says so.
type target struct {
	resourceID string
	database   string
	role       string // what the role names begin with
	second     bool   // the customer's login is the second one
}

// state is what the gateway keeps for us: names, so that a resource keeps them
// even if a later version would choose others.
type state struct {
	Database string `json:"database"`
	Role     string `json:"role"`
}

// targetOf finds the names of an operation's resource: those it has, else
// those of the config block, else the default ones. Wherever they come from,
// they are checked: they end up in SQL.
func targetOf(op backend.Op) (target, error) {
	if !isResourceID(op.ResourceID) {
		return target{}, backend.Failf(backend.Internal, "resource id %q is not one", op.ResourceID)
	}
	var kept state
	if len(op.State) > 0 {
		if err := json.Unmarshal(op.State, &kept); err != nil {
			return target{}, backend.Failf(backend.Internal, "the resource's state is not ours: it is no JSON object with database and role")
		}
	}
	database, err := chooseName(op, "database", "db_", kept.Database, attribute.Of(op.Outputs, "database").Text())
	if err != nil {
		return target{}, err
	}
	username := attribute.Of(op.Outputs, "username").Text()
	role, err := chooseName(op, "role", "u_", kept.Role, withoutSuffix(username))
	if err != nil {
		return target{}, err
	}
	t := target{resourceID: op.ResourceID, database: database, role: role}
	t.second = username == t.other()
	return t, nil
}

// withoutSuffix is what a login's name begins with.
func withoutSuffix(login string) string {
	if first, ok := strings.CutSuffix(login, "_a"); ok {
		return first
	}
	return strings.TrimSuffix(login, "_b")
}

// chooseName takes the first that is there of: what state or outputs hold, the
// live config attribute, prefix and short id.
func chooseName(op backend.Op, name, prefix string, recorded ...string) (string, error) {
	configured := attribute.Of(op.Config, name)
	candidates := append(recorded, configured.Text())
	if op.ShortID != "" {
		candidates = append(candidates, prefix+op.ShortID)
	}
	longest := map[string]int{"database": maxIdentifier, "role": maxRole}[name]
	for _, chosen := range candidates {
		if chosen == "" {
			continue
		}
		if why := checkName(chosen, longest); why != "" {
			return "", &backend.Failure{Class: backend.Invalid, Path: configured.Path, Message: fmt.Sprintf("%s %q cannot be used: %s", name, chosen, why)}
		}
		return chosen, nil
	}
	return "", backend.Failf(backend.Internal, "there is no %s and no short id to make one of", name)
}

// group is the role that owns what the customer creates.
func (t target) group() string { return t.role + "_g" }

// login is the role that the customer logs in as, as the outputs have it.
func (t target) login() string {
	if t.second {
		return t.role + "_b"
	}
	return t.role + "_a"
}

// other is the login that a rotation leads to, or has come from. It is not there
// before the first one.
func (t target) other() string { return t.rotated().login() }

// rotated is the same resource with the other login in use.
func (t target) rotated() target {
	t.second = !t.second
	return t
}

// marker is the comment on the database and on the roles.
func (t target) marker() string { return "addongw resource " + t.resourceID }

// staging is the database's name until it has its marker. CREATE DATABASE
// cannot set a comment in the same transaction, so for a moment a database is
// there that nobody could tell from a foreign one, except by this name, which
// nothing else has.
func (t target) staging() string {
	sum := sha256.Sum256([]byte(t.resourceID))
	return stagingPrefix + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:20]))
}

// lockKey is the advisory lock of the resource.
func (t target) lockKey() int64 {
	sum := sha256.Sum256([]byte("addongw postgres " + t.resourceID))
	return int64(binary.BigEndian.Uint64(sum[:8]))
}

func (t target) state() json.RawMessage {
	text, err := json.Marshal(state{Database: t.database, Role: t.role})
	if err != nil {
		panic(err) // two strings
	}
	return text
}

// isResourceID guards the marker, which is written into SQL.
func isResourceID(id string) bool {
	return regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`).MatchString(id)
}

// checkName says why a name cannot be used, or nothing. The rule is stricter
// than PostgreSQL's: customers write these names in URLs and scripts.
func checkName(name string, longest int) string {
	switch {
	case !regexp.MustCompile(`^[a-z][a-z0-9_-]*$`).MatchString(name):
		return "it must begin with a lower-case letter and consist of lower-case letters, digits, _ and -"
	case len(name) > longest:
		return fmt.Sprintf("it has %d characters, and %d is the most", len(name), longest)
	case strings.HasPrefix(name, "pg_"):
		return "names that begin with pg_ belong to PostgreSQL"
	case strings.HasPrefix(name, stagingPrefix):
		return "names that begin with " + stagingPrefix + " are used while a database is made"
	case name == "postgres" || name == "template0" || name == "template1":
		return "it is a database of PostgreSQL itself"
	}
	return ""
}

// checkNamePattern checks what can be known about a live attribute before
// there is a resource: it must differ between resources, and so cannot be
// known, and its beginning must fit.
func checkNamePattern(f attribute.Field, longest int) backend.Diagnostics {
	if f.Known() {
		return backend.Diagnostics{f.Wrong(fmt.Sprintf("Every resource would get the %s %q", f.Name, f.Text()),
			fmt.Sprintf(`Mention resource.short_id, which is different for each, such as "acme_${resource.short_id}", or leave %s out.`, f.Name))}
	}
	if prefix := f.Prefix(); prefix != "" {
		if why := checkName(prefix, longest); why != "" {
			return backend.Diagnostics{f.Wrong(fmt.Sprintf("%s that begins with %q cannot be used", f.Name, prefix),
				fmt.Sprintf("Change its beginning: %s.", why))}
		}
	}
	return nil
}
