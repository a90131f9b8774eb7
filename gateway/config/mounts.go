package config

import (
	"fmt"
	"strings"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/platform"
)

// Mount is a dialect's mount with the URL prefix that it answers under.
type Mount struct {
	platform.Mount
	Prefix string   // "/clevercloud/acme-db"
	Plans  []string // those that are listed, as the platform names them, in the order customers see
}

// checkMounts reports paths that can't be told apart, and those that are kept
// for the gateway's own pages.
func (l *loader) checkMounts() {
	taken := map[string]*mounted{"/-": nil, "/r": nil} // by path; nil: the gateway's own
	above := map[string]*mounted{}                     // by each path that a mount lies below
	for _, a := range l.config.Addons {
		for _, m := range l.config.addons[a.ID].order {
			l.checkMount(m, taken, above)
		}
	}
}

func (l *loader) checkMount(m *mounted, taken, above map[string]*mounted) {
	other, clash := above[m.prefix]
	for p := m.prefix; p != "" && !clash; p = p[:strings.LastIndexByte(p, '/')] {
		other, clash = taken[p]
	}
	at := m.content.ValueRange("path")
	switch {
	case clash && other == nil:
		l.add(diagnostic.New("This path belongs to the gateway", at, diagnostic.Info{
			Code: "AG215", Hint: "choose another; /-/ and /r/ are its own pages",
		}))
	case clash:
		l.add(diagnostic.New(fmt.Sprintf("The paths %s and %s overlap", other.prefix, m.prefix), at, diagnostic.Info{
			Code: "AG215", Hint: "neither may begin with the other",
			Also: []diagnostic.Place{{Range: other.content.ValueRange("path"), Text: "the other one"}},
		}))
	default:
		taken[m.prefix] = m
		for p := m.prefix; p != ""; p = p[:strings.LastIndexByte(p, '/')] {
			above[p] = m
		}
	}
}
