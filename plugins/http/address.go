package http

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// parseBase reads an address that requests go to. What it complains of is for
// an operator; it repeats nothing of the address, which may hold a password.
func parseBase(text string, private, plain bool) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, errors.New("it is no address; write it as https://api.example.com/v2")
	case u.Scheme != "https" && u.Scheme != "http", u.Host == "", u.Opaque != "":
		return nil, errors.New("it must begin with https:// and a host")
	case u.User != nil:
		return nil, errors.New("it must not hold a user or a password; write a header Authorization instead")
	case u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(text, "?#"):
		return nil, errors.New("it must end before any ? or #; write what follows in the blocks of the verbs")
	}
	near := isNear(u.Hostname())
	if near && !private {
		return nil, errors.New("it is a private address; private_addresses = true allows it")
	}
	if u.Scheme == "http" && !near && !plain {
		return nil, errors.New("it must begin with https://: everybody on the way could read credentials; plain_http = true allows it")
	}
	for segment := range strings.SplitSeq(u.EscapedPath(), "/") {
		if isDots(segment) {
			return nil, errors.New("its path must not have . or .. in it")
		}
	}
	return u, nil
}

// isNear reports whether a host, as it is written, is a private address.
func isNear(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && kindOf(a) != ""
}

// isDots reports whether a segment of an escaped path leads upwards or nowhere,
// to whoever reads it leniently.
func isDots(segment string) bool {
	plain := strings.ReplaceAll(strings.ToLower(segment), "%2e", ".")
	return plain == "." || plain == ".."
}

// below appends an escaped path to a base address.
func below(base *url.URL, escaped string) (*url.URL, error) {
	u := *base
	whole := strings.TrimSuffix(base.EscapedPath(), "/") + escaped
	plain, err := url.PathUnescape(whole)
	if err != nil {
		return nil, errors.New("the path can't be read")
	}
	u.Path, u.RawPath = plain, whole
	return &u, nil
}

// mostAddress is how long an address may be that a server names: it is recorded.
const mostAddress = 4096

// elsewhere resolves an address that a server named. It must lead to where our
// credentials belong.
func elsewhere(base, from *url.URL, text string) (*url.URL, error) {
	u, err := from.Parse(text)
	if err != nil || len(text) > mostAddress {
		return nil, errors.New("it can't be read, or is too long")
	}
	if !sameOrigin(base, u) || u.User != nil {
		return nil, fmt.Errorf("it does not belong to %s://%s, where base_url is", base.Scheme, base.Host)
	}
	return u, nil
}

func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	if u.Scheme == "https" {
		return "443"
	}
	return "80"
}
