package redis

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/attribute"
	client "github.com/redis/go-redis/v9"
)

// The modes.
const (
	modeDedicated = "dedicated"
	modeShared    = "shared"
	modeUnknown   = ""
)

// Who starts the runner.
const (
	runnerOwn     = "own"
	runnerService = "service"
)

// Whether the kernel is to limit memory.
const (
	cgroupAuto     = "auto"
	cgroupRequired = "required"
	cgroupOff      = "off"
)

// defaultMaxUsers is how many users a shared server takes: every ACL SAVE
// writes all of them, and everybody waits for it.
const defaultMaxUsers = 2000

// settings is a checked config block. What was unknown is zero.
type settings struct {
	mode string
	host string // that customers are given
	keep time.Duration

	// dedicated
	directory string
	ports     portRange
	bind      []string
	user      string
	program   string
	tls       tlsFiles
	runner    string
	cgroup    string
	archive   string

	// shared
	url      *client.Options // holds a secret
	port     int
	maxUsers int
}

// portRange is from the first to the last port.
type portRange struct{ first, last int }

// tlsFiles are the paths of a certificate and its key; both empty: no TLS.
type tlsFiles struct {
	Cert string `json:"cert,omitempty"`
	Key  string `json:"key,omitempty"`
}

func (t tlsFiles) on() bool { return t.Cert != "" }

// ValidateConfig implements [backend.Backend].
func (b *Backend) ValidateConfig(_ context.Context, req backend.ValidateConfigRequest) (backend.ValidateConfigResponse, error) {
	s, found := readSettings(req.Config)
	plan, outputs := planSchema(s.mode), outputSchema(s.mode)
	return backend.ValidateConfigResponse{Diagnostics: found, Plan: &plan, Outputs: &outputs}, nil
}

// readMode says which mode is configured; modeUnknown where nobody can tell what
// else belongs into the block and into plans.
func readMode(config backend.Value) (string, backend.Diagnostics) {
	f := attribute.Of(config, "mode")
	switch {
	case f.Null() || f.Text() == modeDedicated:
		return modeDedicated, nil
	case f.Text() == modeShared:
		return modeShared, nil
	case !f.Known():
		return modeUnknown, nil
	}
	return modeUnknown, backend.Diagnostics{f.Wrong(fmt.Sprintf("mode cannot be %q", f.Text()), `Write "dedicated" or "shared".`)}
}

// reader reads a config block and collects every problem in it.
type reader struct {
	config backend.Value
	found  backend.Diagnostics
}

func (r *reader) add(d ...backend.Diagnostic) { r.found = append(r.found, d...) }

func readSettings(config backend.Value) (settings, backend.Diagnostics) {
	r := &reader{config: config}
	var s settings
	s.mode, r.found = readMode(config)
	keep, problems := attribute.Keep(r.config)
	s.keep = keep
	r.add(problems...)
	s.host = r.host()
	switch s.mode {
	case modeShared:
		r.refuse(modeShared, "directory", "port_range", "bind", "user", "redis_server", "tls_cert_file", "tls_key_file", "runner", "cgroup", "archive")
		r.shared(&s)
	case modeDedicated:
		r.refuse(modeDedicated, "url", "port", "max_users")
		r.dedicated(&s)
	}
	return s, r.found
}

// refuse reports attributes that belong to the other mode.
func (r *reader) refuse(mode string, names ...string) {
	for _, name := range names {
		if f := attribute.Of(r.config, name); !f.Null() {
			r.add(f.Wrong(fmt.Sprintf("%s has no use in %s mode", name, mode), "Remove it, or change mode."))
		}
	}
}

// warn adds what may be meant all the same.
func (r *reader) warn(f attribute.Field, summary, remedy string) {
	d := f.Wrong(summary, remedy)
	d.Severity = backend.SeverityWarning
	r.add(d)
}

func (r *reader) dedicated(s *settings) {
	s.directory = r.required("directory", `Write a folder that only this backend uses, such as "/var/lib/addongw/redis".`)
	s.ports = r.portRange()
	s.bind = r.bind(s.host)
	if f := attribute.Of(r.config, "host"); f.Null() {
		r.add(f.Wrong("host is missing", `Write the name that customers reach this machine by, such as "redis.acme.example".`))
	}
	s.user, s.program, s.archive = r.user(), attribute.Of(r.config, "redis_server").Text(), attribute.Of(r.config, "archive").Text()
	s.tls = r.tls()
	s.runner = r.oneOf("runner", runnerOwn, runnerService)
	s.cgroup = r.oneOf("cgroup", cgroupAuto, cgroupRequired, cgroupOff)
}

func (r *reader) required(name, remedy string) string {
	f := attribute.Of(r.config, name)
	if f.Null() || f.Known() && f.Text() == "" {
		r.add(f.Wrong(name+" is missing", remedy))
	}
	return f.Text()
}

// oneOf is the first word where none is written.
func (r *reader) oneOf(name string, words ...string) string {
	f := attribute.Of(r.config, name)
	for _, word := range words {
		if f.Text() == word {
			return word
		}
	}
	if f.Known() {
		r.add(f.Wrong(fmt.Sprintf("%s cannot be %q", name, f.Text()), `Write "`+strings.Join(words, `" or "`)+`".`))
	}
	return words[0]
}

// host refuses what would break the URLs that templates make of it.
func (r *reader) host() string {
	f := attribute.Of(r.config, "host")
	host := f.Text()
	if f.Known() && (host == "" || strings.ContainsAny(host, "/@?#, \t\r\n") || strings.Count(host, ":") == 1) {
		r.add(f.Wrong("host is not a host name",
			`Write a name or an address alone, such as "redis.acme.example": the port comes from port_range, or has an attribute of its own.`))
	}
	return host
}

func (r *reader) portRange() portRange {
	f := attribute.Of(r.config, "port_range")
	const form = `Write the first and the last port, such as "7000-7999", one for each resource that is to fit on this machine.`
	if f.Null() {
		r.add(f.Wrong("port_range is missing", form))
	}
	if !f.Known() {
		return portRange{}
	}
	first, last, _ := strings.Cut(f.Text(), "-")
	from, err := strconv.Atoi(first)
	to, err2 := strconv.Atoi(last)
	if err != nil || err2 != nil || from < 1 || to > 65535 || from > to {
		r.add(f.Wrong(fmt.Sprintf("port_range cannot be %q", f.Text()), form))
		return portRange{}
	}
	switch {
	case from < privilegedPorts:
		r.warn(f, fmt.Sprintf("Ports below %d are closed to servers", privilegedPorts),
			"Servers never run as root, and this machine must let others listen there (net.ipv4.ip_unprivileged_port_start). Write higher ones, such as \"7000-7999\".")
	case from <= lastClientPort && to >= firstClientPort:
		r.warn(f, "Clients are given ports of port_range",
			fmt.Sprintf("Linux gives the ports from %d to %d to whatever connects to other machines (net.ipv4.ip_local_port_range), and a server whose port is in use can't start. Write lower ones, such as \"7000-7999\".",
				firstClientPort, lastClientPort))
	}
	return portRange{from, to}
}

// Ports as Linux uses them unless it is told otherwise.
const (
	privilegedPorts = 1024
	firstClientPort = 32768
	lastClientPort  = 60999
)

// user is not root, whoever the gateway runs as.
func (r *reader) user() string {
	f := attribute.Of(r.config, "user")
	if f.Text() == "root" {
		r.add(f.Wrong(rootRefused, rootRemedy))
	}
	return f.Text()
}

// bind has a default only where nobody outside could be meant.
func (r *reader) bind(host string) []string {
	f := attribute.Of(r.config, "bind")
	if f.Null() {
		if host != "" && !isLoopback(host) {
			r.add(f.Wrong("bind is missing", fmt.Sprintf(`Customers reach %s from outside this machine. Write bind = ["0.0.0.0"] to listen on all of its IPv4 addresses, `+
				`or the address that they reach; bind = ["127.0.0.1"] if a proxy on this machine stands before the servers.`, host)))
		}
		return []string{"127.0.0.1"}
	}
	var addresses []string
	for i, address := range f.Elements() {
		addresses = append(addresses, address)
		if net.ParseIP(address) == nil {
			r.add(f.WrongAt(i, fmt.Sprintf("%q is not an address", address), `Write an IP address of this machine, or "0.0.0.0" or "::" for all of them.`))
		}
	}
	if f.Known() && len(addresses) == 0 {
		r.add(f.Wrong("bind is empty", `Write at least one address, such as "0.0.0.0".`))
	}
	return addresses
}

func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

func (r *reader) tls() tlsFiles {
	cert, key := attribute.Of(r.config, "tls_cert_file"), attribute.Of(r.config, "tls_key_file")
	if cert.Null() != key.Null() {
		one, other := cert, key
		if cert.Null() {
			one, other = key, cert
		}
		r.add(one.Wrong(one.Name+" stands alone", "Write "+other.Name+" too."))
	}
	return tlsFiles{Cert: cert.Text(), Key: key.Text()}
}

func (r *reader) shared(s *settings) {
	s.url = r.url()
	s.maxUsers = defaultMaxUsers
	if f := attribute.Of(r.config, "max_users"); f.Known() {
		n, ok := f.Whole()
		if !ok || n < 1 {
			r.add(f.Wrong("max_users is not a number of users", "Write a whole number, such as 2000."))
		}
		s.maxUsers = n
	}
	if f := attribute.Of(r.config, "port"); f.Known() {
		n, ok := f.Whole()
		if !ok || n < 1 || n > 65535 {
			r.add(f.Wrong("port is not a port number", "Write a whole number from 1 to 65535."))
		}
		s.port = n
	}
	if s.url == nil {
		return
	}
	host, port, err := net.SplitHostPort(s.url.Addr)
	if err != nil {
		return // url has made sure
	}
	if s.host == "" {
		s.host = host
	}
	if s.port == 0 {
		s.port, _ = strconv.Atoi(port)
	}
}

// url never repeats any part of the value: it holds a password.
func (r *reader) url() *client.Options {
	f := attribute.Of(r.config, "url")
	const form = "Write redis://USER:PASSWORD@HOST:PORT, or rediss:// for TLS; a special character in the password is written as % and two hexadecimal digits."
	if f.Null() {
		r.add(f.Wrong("url is missing", form))
	}
	if !f.Known() {
		return nil
	}
	u, err := url.Parse(f.Text())
	if err != nil || u.Scheme != "redis" && u.Scheme != "rediss" || u.Hostname() == "" {
		r.add(f.Wrong("url is not the URL of a Redis server", form))
		return nil
	}
	options, err := client.ParseURL(f.Text())
	if err != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		r.add(f.Wrong("url cannot be used", form+" A database number or parameters have no place in it."))
		return nil
	}
	if options.Password == "" {
		r.add(f.Wrong("url has no password", form))
	}
	return options
}
