package http

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"time"
)

// refusedAddress is the error of a connection to an address that must not be
// reached.
type refusedAddress struct{ address netip.Addr }

func (r refusedAddress) Error() string {
	return fmt.Sprintf("%s is %s; private_addresses = true allows it", r.address, kindOf(r.address))
}

// dialer makes connections. It looks at the address that a name has been
// resolved to, right before the connection is made: a name that resolves to a
// public address for a check and to a private one a moment later gains nothing.
func dialer(private bool) *net.Dialer {
	return &net.Dialer{
		Timeout: 10 * time.Second,
		Control: func(_, address string, _ syscall.RawConn) error {
			target, err := netip.ParseAddrPort(address)
			if err != nil {
				return fmt.Errorf("the address %q can't be read", address)
			}
			if !private && kindOf(target.Addr()) != "" {
				return refusedAddress{target.Addr()}
			}
			return nil
		},
	}
}

// notPublic are the special-purpose ranges that package netip has no name for
// (IANA's registries of special-purpose addresses).
var notPublic = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"), // carriers' own
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("192.88.99.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("2001::/23"),
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("3fff::/20"),
}

// global are the IPv6 addresses that are given to anybody at all (RFC 4291,
// section 2.4).
var global = netip.MustParsePrefix("2000::/3")

// kindOf says what an address is that is nobody's in public; empty: public.
func kindOf(a netip.Addr) string {
	a = embedded(a.Unmap().WithZone(""))
	switch {
	case a.IsLoopback():
		return "this machine"
	case a.IsPrivate():
		return "a private address"
	case a.IsLinkLocalUnicast():
		return "a link-local address"
	case a.IsUnspecified(), a.IsMulticast():
		return "no address of a server"
	}
	special := func(p netip.Prefix) bool { return p.Contains(a) }
	if a.Is6() && !global.Contains(a) || slices.ContainsFunc(notPublic, special) {
		return "a special-purpose address"
	}
	return ""
}

// embedded is the IPv4 address that an IPv6 address stands for: a translator on
// the way (NAT64, 6to4) would lead there.
func embedded(a netip.Addr) netip.Addr {
	if !a.Is6() {
		return a
	}
	b := a.As16()
	switch {
	case netip.MustParsePrefix("64:ff9b::/96").Contains(a), netip.MustParsePrefix("::/96").Contains(a) && b[12] != 0:
		return netip.AddrFrom4([4]byte(b[12:16]))
	case netip.MustParsePrefix("2002::/16").Contains(a):
		return netip.AddrFrom4([4]byte(b[2:6]))
	}
	return a
}
