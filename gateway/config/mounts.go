package config

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/platform"
)

// Mount is a dialect's mount with the URL prefix that it answers under.
type Mount struct {
	platform.Mount
	Prefix string   // "/clevercloud/acme-db"
	Plans  []string // those that are listed, as the platform names them, in the order customers see
}

// served is a path that some block answers under.
type served struct {
	prefix string
	at     hcl.Range // where it is written, or the block's header
}

// checkMounts reports paths that can't be told apart, and those that are kept
// for the gateway's own pages.
func (l *loader) checkMounts() {
	taken := map[string]*served{"/-": nil, "/r": nil} // by path; nil: the gateway's own
	above := map[string]*served{}                     // by each path that another lies below
	for _, a := range l.config.Addons {
		for _, m := range l.config.addons[a.ID].order {
			l.checkMount(&served{m.prefix, m.content.ValueRange("path")}, taken, above)
		}
	}
	for _, p := range l.providerOrder {
		l.checkMount(&served{p.prefix, p.content.ValueRange("path")}, taken, above)
	}
}

func (l *loader) checkMount(s *served, taken, above map[string]*served) {
	other, clash := above[s.prefix]
	for p := s.prefix; p != "" && !clash; p = p[:strings.LastIndexByte(p, '/')] {
		other, clash = taken[p]
	}
	switch {
	case clash && other == nil:
		l.add(diagnostic.New("This path belongs to the gateway", s.at, diagnostic.Info{
			Code: "AG215", Hint: "choose another; /-/ and /r/ are its own pages",
		}))
	case clash:
		l.add(diagnostic.New(fmt.Sprintf("The paths %s and %s overlap", other.prefix, s.prefix), s.at, diagnostic.Info{
			Code: "AG215", Hint: "neither may begin with the other",
			Also: []diagnostic.Place{{Range: other.at, Text: "the other one"}},
		}))
	default:
		taken[s.prefix] = s
		for p := s.prefix; p != ""; p = p[:strings.LastIndexByte(p, '/')] {
			above[p] = s
		}
	}
}
