package postgres

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/addongw/addongw/plugins/backend"
)

// dropNow is the drop_policy that keeps nothing.
const dropNow = "now"

// The drop policies "keep-1d" to "keep-90d". What is kept longer is an archive,
// and a server full of other people's databases is a poor one.
const (
	keepPattern = `^keep-([1-9][0-9]?)d$`
	maxKeepDays = 90
)

// settings is a checked config block without its live attributes. What was
// unknown is zero.
type settings struct {
	adminURL   string // a secret
	host       string // "" and 0: those of adminURL
	port       int
	extensions []string
	keep       time.Duration // how long a soft deprovision keeps the data; 0: it does not
}

// ValidateConfig implements [backend.Backend].
func (b *Backend) ValidateConfig(_ context.Context, req backend.ValidateConfigRequest) (backend.ValidateConfigResponse, error) {
	_, found := readSettings(req.Config)
	found = append(found, checkNamePattern(fieldOf(req.Config, "database"), maxIdentifier)...)
	found = append(found, checkNamePattern(fieldOf(req.Config, "role"), maxRole)...)
	return backend.ValidateConfigResponse{Diagnostics: found}, nil
}

// readSettings reads the load attributes and finds every problem in them.
func readSettings(config backend.Value) (settings, backend.Diagnostics) {
	var s settings
	var found backend.Diagnostics
	adminURL := fieldOf(config, "admin_url")
	s.adminURL = adminURL.text()
	if adminURL.null() || adminURL.known() {
		found = append(found, checkAdminURL(adminURL)...)
	}
	if host := fieldOf(config, "host"); host.known() {
		s.host = host.text()
		found = append(found, checkHost(host)...)
	}
	if port := fieldOf(config, "port"); port.known() {
		n, ok := port.whole()
		if !ok || n < 1 || n > 65535 {
			found = append(found, port.wrong("port is not a port number", "Write a whole number from 1 to 65535."))
		}
		s.port = n
	}
	extensions, problems := readExtensions(fieldOf(config, "extensions"))
	s.extensions = extensions
	found = append(found, problems...)
	s.keep, problems = readDropPolicy(fieldOf(config, "drop_policy"))
	return s, append(found, problems...)
}

// checkAdminURL never repeats any part of the value: it holds a password.
func checkAdminURL(f field) backend.Diagnostics {
	const form = "Write postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full; a special character in the password is written as % and two hexadecimal digits."
	if f.text() == "" {
		return backend.Diagnostics{f.wrong("admin_url is missing", form)}
	}
	u, err := url.Parse(f.text())
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return backend.Diagnostics{f.wrong("admin_url is not a PostgreSQL URL", form)}
	}
	var found backend.Diagnostics
	if u.User.Username() == "" && !u.Query().Has("user") {
		found = append(found, f.wrong("admin_url names no user", form))
	}
	if u.Host == "" && !u.Query().Has("host") {
		found = append(found, f.wrong("admin_url names no host", form))
	}
	if strings.Trim(u.Path, "/") == "" && !u.Query().Has("dbname") {
		found = append(found, f.wrong("admin_url names no database", form+` The database is one that the provisioner may connect to, such as "postgres".`))
	}
	if found == nil {
		if _, err := poolConfig(f.text()); err != nil {
			found = append(found, f.wrong("admin_url cannot be used", "One of its parameters is wrong, or a file that it names cannot be read. "+form))
		}
	}
	return found
}

// checkHost refuses what would break the URLs that templates make of it.
func checkHost(f field) backend.Diagnostics {
	host := f.text()
	if host == "" || strings.ContainsAny(host, "/@?#, \t\r\n") || strings.Count(host, ":") == 1 {
		return backend.Diagnostics{f.wrong("host is not a host name",
			`Write a name or an address alone, such as "db.example.com": the port has an attribute of its own.`)}
	}
	return nil
}

// readDropPolicy says how long data is kept; 0 for "now" and for what is not
// known.
func readDropPolicy(f field) (time.Duration, backend.Diagnostics) {
	if !f.known() || f.text() == dropNow {
		return 0, nil
	}
	var days int
	if parts := regexp.MustCompile(keepPattern).FindStringSubmatch(f.text()); parts != nil {
		days, _ = strconv.Atoi(parts[1]) // one or two digits
	}
	if days < 1 || days > maxKeepDays {
		return 0, backend.Diagnostics{f.wrong(fmt.Sprintf("drop_policy cannot be %q", f.text()), fmt.Sprintf(
			`Write "now" to drop the data when a resource is deprovisioned, or "keep-7d" to keep it for seven days more; "keep-1d" to "keep-%dd" are possible.`, maxKeepDays))}
	}
	return time.Duration(days) * 24 * time.Hour, nil
}

// trustedExtensions are those of PostgreSQL's own distribution that an owner
// of a database may install without being superuser, except the procedural
// languages, which would let customers run programs of their own choice.
func trustedExtensions() []string {
	return []string{
		"btree_gin", "btree_gist", "citext", "cube", "dict_int", "fuzzystrmatch", "hstore", "intarray", "isn", "lo", "ltree",
		"pg_trgm", "pgcrypto", "seg", "tablefunc", "tcn", "tsm_system_rows", "tsm_system_time", "unaccent", "uuid-ossp",
	}
}

func readExtensions(f field) ([]string, backend.Diagnostics) {
	var names []string
	var found backend.Diagnostics
	elements := f.elements()
	for _, i := range slices.Sorted(maps.Keys(elements)) {
		name := elements[i]
		at := field{path: f.path.IndexInt(i)}
		switch {
		case !slices.Contains(trustedExtensions(), name):
			found = append(found, at.wrong(fmt.Sprintf("Extension %q is not allowed", name),
				"Allowed are "+strings.Join(trustedExtensions(), ", ")+"."))
		case slices.Contains(names, name):
			found = append(found, at.wrong(fmt.Sprintf("Extension %q is listed twice", name), "Remove one of them."))
		default:
			names = append(names, name)
		}
	}
	return names, found
}
