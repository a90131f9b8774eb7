package redis

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// directive is a line of redis.conf, or an argument of CONFIG SET.
type directive struct{ name, value string }

// directives are the limits as Redis has them.
func (l limits) directives() []directive {
	return []directive{
		{"maxmemory", strconv.FormatInt(l.maxmemory(), 10)},
		{"maxmemory-policy", l.Eviction},
		{"maxmemory-clients", strconv.FormatInt(l.clientMemory(), 10)},
		{"maxclients", strconv.Itoa(l.maxclients())},
	}
}

// configFile is the redis.conf of a server. It holds no password, only hashes.
// The working directory of the server is its folder until "dir", then data.
func configFile(r record, s runnerSettings, adminHash string) string {
	lines := []directive{
		{"dir", "./data"},
		{"unixsocket", "redis.sock"}, {"unixsocketperm", "700"},
		{"pidfile", "redis.pid"},
		{"daemonize", "no"},
		{"bind", strings.Join(s.Bind, " ")},
		{"protected-mode", "no"}, // nobody gets in without a password
		{"save", `""`}, {"appendonly", "yes"}, {"appendfsync", "everysec"},
		{"loglevel", "warning"},
		{"sanitize-dump-payload", "clients"}, // a RESTORE could otherwise corrupt the server's memory
		{"disable-thp", "yes"},
	}
	lines = append(lines, portDirectives(r.Port, s.TLS)...)
	lines = append(lines, r.Limits.directives()...)
	lines = append(lines, directive{"user", "default reset"},
		directive{"user", adminUser + " on #" + adminHash + " ~* &* +@all"})
	for _, name := range slices.Sorted(slices.Values(r.users())) {
		lines = append(lines, directive{"user", name + " on #" + r.Logins[name] + " " + strings.Join(dedicatedRules(), " ")})
	}
	var text strings.Builder
	text.WriteString("# Written by addongw at each start of the server. Changes here are lost.\n")
	for _, line := range lines {
		fmt.Fprintln(&text, line.name, line.value)
	}
	return text.String()
}

func portDirectives(port int, files tlsFiles) []directive {
	if !files.on() {
		return []directive{{"port", strconv.Itoa(port)}}
	}
	return []directive{
		{"port", "0"}, {"tls-port", strconv.Itoa(port)}, {"tls-auth-clients", "no"},
		{"tls-cert-file", strconv.Quote(files.Cert)}, {"tls-key-file", strconv.Quote(files.Key)},
	}
}
