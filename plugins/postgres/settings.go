package postgres

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/attribute"
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
	found = append(found, checkNamePattern(attribute.Of(req.Config, "database"), maxIdentifier)...)
	found = append(found, checkNamePattern(attribute.Of(req.Config, "role"), maxRole)...)
	return backend.ValidateConfigResponse{Diagnostics: found}, nil
}

// readSettings reads the load attributes and finds every problem in them.
func readSettings(config backend.Value) (settings, backend.Diagnostics) {
	var s settings
	var found backend.Diagnostics
	adminURL := attribute.Of(config, "admin_url")
	s.adminURL = adminURL.Text()
	if adminURL.Null() || adminURL.Known() {
		found = append(found, checkAdminURL(adminURL)...)
	}
	if host := attribute.Of(config, "host"); host.Known() {
		s.host = host.Text()
		found = append(found, checkHost(host)...)
	}
	if port := attribute.Of(config, "port"); port.Known() {
		n, ok := port.Whole()
		if !ok || n < 1 || n > 65535 {
			found = append(found, port.Wrong("port is not a port number", "Write a whole number from 1 to 65535."))
		}
		s.port = n
	}
	extensions, problems := readExtensions(attribute.Of(config, "extensions"))
	s.extensions = extensions
	found = append(found, problems...)
	s.keep, problems = attribute.Keep(config)
	return s, append(found, problems...)
}

// checkAdminURL never repeats any part of the value: it holds a password.
func checkAdminURL(f attribute.Field) backend.Diagnostics {
	const form = "Write postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full; a special character in the password is written as % and two hexadecimal digits."
	if f.Text() == "" {
		return backend.Diagnostics{f.Wrong("admin_url is missing", form)}
	}
	u, err := url.Parse(f.Text())
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return backend.Diagnostics{f.Wrong("admin_url is not a PostgreSQL URL", form)}
	}
	var found backend.Diagnostics
	if u.User.Username() == "" && !u.Query().Has("user") {
		found = append(found, f.Wrong("admin_url names no user", form))
	}
	if u.Host == "" && !u.Query().Has("host") {
		found = append(found, f.Wrong("admin_url names no host", form))
	}
	if strings.Trim(u.Path, "/") == "" && !u.Query().Has("dbname") {
		found = append(found, f.Wrong("admin_url names no database", form+` The database is one that the provisioner may connect to, such as "postgres".`))
	}
	if found == nil {
		if _, err := poolConfig(f.Text()); err != nil {
			found = append(found, f.Wrong("admin_url cannot be used", "One of its parameters is wrong, or a file that it names cannot be read. "+form))
		}
	}
	return found
}

// checkHost refuses what would break the URLs that templates make of it.
func checkHost(f attribute.Field) backend.Diagnostics {
	host := f.Text()
	if host == "" || strings.ContainsAny(host, "/@?#, \t\r\n") || strings.Count(host, ":") == 1 {
		return backend.Diagnostics{f.Wrong("host is not a host name",
			`Write a name or an address alone, such as "db.example.com": the port has an attribute of its own.`)}
	}
	return nil
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

func readExtensions(f attribute.Field) ([]string, backend.Diagnostics) {
	var names []string
	var found backend.Diagnostics
	for i, name := range f.Elements() {
		switch {
		case !slices.Contains(trustedExtensions(), name):
			found = append(found, f.WrongAt(i, fmt.Sprintf("Extension %q is not allowed", name),
				"Allowed are "+strings.Join(trustedExtensions(), ", ")+"."))
		case slices.Contains(names, name):
			found = append(found, f.WrongAt(i, fmt.Sprintf("Extension %q is listed twice", name), "Remove one of them."))
		default:
			names = append(names, name)
		}
	}
	return names, found
}
