package scalingo_test

import (
	"crypto/sha1"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// signOn is the provider's single sign-on: a page for people, whatever happens.
func (p *provider) signOn(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if r.Method != http.MethodGet && p.defect != "sign-on by POST" {
		w.Header().Set("Allow", "GET")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	fields, err := url.ParseQuery(r.URL.RawQuery)
	status := http.StatusForbidden
	if err == nil {
		status = p.judge(fields)
	}
	if status == http.StatusFound {
		w.Header().Set("Location", "/dashboard")
		if p.defect != "sign-ons that leak the token" {
			w.Header().Set("Cache-Control", "no-store")
			w.Header().Set("Referrer-Policy", "no-referrer")
		}
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, "<!doctype html><title>Acme</title>")
}

func (p *provider) judge(fields url.Values) int {
	for name, values := range fields {
		switch {
		case len(values) > 1 && name != "utm" && p.defect != "a parameter twice":
			return http.StatusForbidden
		case name == "utm" && p.defect == "other parameters refused":
			return http.StatusForbidden
		}
	}
	if p.defect == "no sign-ons" {
		return http.StatusForbidden
	}
	id, at, token := fields.Get("id"), fields.Get("timestamp"), fields.Get("token")
	if !p.proven(id, at, token) || !p.fresh(at) {
		return http.StatusForbidden
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.byID[id]
	switch {
	case known == nil && p.defect != "signs on to what never was":
		return http.StatusForbidden
	case known == nil:
		return http.StatusFound
	case known.gone && p.defect == "403 for what is gone":
		return http.StatusForbidden
	case known.gone && p.defect != "signs on to what is gone":
		return http.StatusGone
	case known.suspended && p.defect == "no sign-on to what is suspended":
		return http.StatusForbidden
	case p.defect == "a link works once":
		known.config["used"+token] = "x"
		if len(known.config) > 3 || known.config["again"+token] != nil {
			return http.StatusForbidden
		}
		known.config["again"+token] = "x"
	}
	return http.StatusFound
}

func sum(parts ...string) string {
	digest := sha1.Sum([]byte(strings.Join(parts, ":")))
	return hex.EncodeToString(digest[:])
}

func (p *provider) proven(id, at, token string) bool {
	if token == sum(id, salt, at) {
		return true
	}
	switch p.defect {
	case "no token needed":
		return token == ""
	case "the salt first":
		return token == sum(salt, id, at)
	case "the time is not covered":
		return token == sum(id, salt, "1600073910")
	case "the token of another resource":
		p.mu.Lock()
		defer p.mu.Unlock()
		for other := range p.byID {
			if token == sum(other, salt, at) {
				return true
			}
		}
	}
	return false
}

// fresh judges the age, in seconds.
func (p *provider) fresh(timestamp string) bool {
	n, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil && p.defect == "times that are no number" {
		return true
	}
	if err != nil {
		return false
	}
	if n >= 1e11 && p.defect == "milliseconds are always fresh" {
		return true
	}
	age := time.Since(time.Unix(n, 0))
	longest := time.Hour
	if p.defect == "five minutes only" {
		longest = 5 * time.Minute
	}
	return (age >= -time.Minute || p.defect == "sign-ons from the future") && (age <= longest || p.defect == "sign-ons never expire")
}
