package scalingo_test

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/addongw/addongw/gateway/conformance/conformancetest"
)

// SignOn is the provider's single sign-on: a page for people, whatever happens.
func (p *provider) SignOn(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && p.Defect != "sign-on by POST" {
		w.Header().Set("Allow", "GET")
		conformancetest.Page(w, http.StatusMethodNotAllowed)
		return
	}
	fields, err := url.ParseQuery(r.URL.RawQuery)
	status := http.StatusForbidden
	if err == nil {
		status = p.judge(fields)
	}
	if status == http.StatusFound {
		w.Header().Set("Location", "/dashboard")
		if p.Defect != "sign-ons that leak the token" {
			w.Header().Set("Cache-Control", "no-store")
			w.Header().Set("Referrer-Policy", "no-referrer")
		}
	}
	conformancetest.Page(w, status)
}

func (p *provider) judge(fields url.Values) int {
	for name, values := range fields {
		switch {
		case len(values) > 1 && name != "utm" && p.Defect != "a parameter twice":
			return http.StatusForbidden
		case name == "utm" && p.Defect == "other parameters refused":
			return http.StatusForbidden
		}
	}
	if p.Defect == "no sign-ons" {
		return http.StatusForbidden
	}
	id, at, token := fields.Get("id"), fields.Get("timestamp"), fields.Get("token")
	if !p.proven(id, at, token) || !p.fresh(at) {
		return http.StatusForbidden
	}
	p.Lock()
	defer p.Unlock()
	known := p.ByID[id]
	switch {
	case known == nil && p.Defect != "signs on to what never was":
		return http.StatusForbidden
	case known == nil:
		return http.StatusFound
	case known.Gone && p.Defect == "403 for what is gone":
		return http.StatusForbidden
	case known.Gone && p.Defect != "signs on to what is gone":
		return http.StatusGone
	case known.Suspended && p.Defect == "no sign-on to what is suspended":
		return http.StatusForbidden
	case p.Defect == "a link works once":
		known.Config["used"+token] = "x"
		if len(known.Config) > 3 || known.Config["again"+token] != nil {
			return http.StatusForbidden
		}
		known.Config["again"+token] = "x"
	}
	return http.StatusFound
}

func (p *provider) proven(id, at, token string) bool {
	if token == conformancetest.Token(id, salt, at) {
		return true
	}
	switch p.Defect {
	case "no token needed":
		return token == ""
	case "the salt first":
		return token == conformancetest.Token(salt, id, at)
	case "the time is not covered":
		return token == conformancetest.Token(id, salt, "1600073910")
	case "the token of another resource":
		p.Lock()
		defer p.Unlock()
		for other := range p.ByID {
			if token == conformancetest.Token(other, salt, at) {
				return true
			}
		}
	}
	return false
}

// fresh judges the age, in seconds.
func (p *provider) fresh(timestamp string) bool {
	n, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil && p.Defect == "times that are no number" {
		return true
	}
	if err != nil {
		return false
	}
	if n >= 1e11 && p.Defect == "milliseconds are always fresh" {
		return true
	}
	age := time.Since(time.Unix(n, 0))
	longest := time.Hour
	if p.Defect == "five minutes only" {
		longest = 5 * time.Minute
	}
	return (age >= -time.Minute || p.Defect == "sign-ons from the future") && (age <= longest || p.Defect == "sign-ons never expire")
}
