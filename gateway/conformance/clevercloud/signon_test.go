package clevercloud_test

import (
	"crypto/sha512"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/addongw/addongw/gateway/conformance/conformancetest"
)

// SignOn is the provider's single sign-on: a page for people, whatever happens.
func (p *provider) SignOn(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost && p.Defect != "sign-on by GET" {
		w.Header().Set("Allow", "POST")
		conformancetest.Page(w, http.StatusMethodNotAllowed)
		return
	}
	text, _ := io.ReadAll(io.LimitReader(r.Body, 1<<16))
	fields, err := url.ParseQuery(string(text))
	status := http.StatusForbidden
	if err == nil {
		status = p.judge(fields)
	}
	if p.Defect == "a sign-on that is no form" && len(fields) < 2 {
		status = http.StatusInternalServerError
	}
	if r.Method != http.MethodPost && p.Defect == "sign-on by GET" {
		status = http.StatusFound
	}
	if status == http.StatusFound {
		w.Header().Set("Location", "/dashboard")
	}
	conformancetest.Page(w, status)
}

func (p *provider) judge(fields url.Values) int {
	field := func(name string) string {
		values := fields[name]
		if len(values) == 0 {
			return ""
		}
		return values[0]
	}
	for _, name := range []string{"id", "timestamp", "nav-data", "email", "user_id", "token", "signature"} {
		if len(fields[name]) > 1 && p.Defect != "a field twice" {
			return http.StatusForbidden
		}
	}
	for _, name := range []string{"id", "email", "user_id"} {
		ours := name == "id" && p.Defect == "an id with a colon"
		if strings.Contains(field(name), ":") && p.Defect != "a colon in a field" && !ours {
			return http.StatusForbidden
		}
	}
	_, signed := fields["signature"]
	if !p.proven(field, signed) || !p.fresh(field("timestamp")) {
		return http.StatusForbidden
	}
	p.Lock()
	defer p.Unlock()
	known := p.ByID[field("id")]
	switch {
	case known == nil && p.Defect != "signs on to what never was":
		return http.StatusForbidden
	case known != nil && known.Gone && p.Defect != "signs on to what is gone":
		return http.StatusGone
	default:
		return http.StatusFound
	}
}

func sum(parts ...string) string {
	digest := sha512.Sum512([]byte(strings.Join(parts, ":")))
	return hex.EncodeToString(digest[:])
}

func (p *provider) proven(field func(string) string, signed bool) bool {
	id, user, email, nav, at := field("id"), field("user_id"), field("email"), field("nav-data"), field("timestamp")
	token := id != "" && field("token") == conformancetest.Token(id, salt, at)
	good := sum(id, user, email, nav, salt, at)
	switch claimed := field("signature"); {
	case p.Defect == "no signature needed" && !signed && field("token") == "":
		return true
	case p.Defect == "signatures":
		return !signed && token
	case !signed:
		return token
	case p.Defect == "a token rescues a bad signature" && token:
		return true
	case p.Defect == "the salt in another place" && claimed == sum(salt, id, user, email, nav, at):
		return true
	case p.Defect == "the email is not covered":
		return claimed == good || claimed == sum(id, user, "ann@example.com", nav, salt, at)
	case p.Defect == "the signature of another resource":
		return claimed == good || claimed == sum("other", user, email, nav, salt, at)
	default:
		return claimed == good
	}
}

// fresh judges the age; 1e11 and above are milliseconds.
func (p *provider) fresh(timestamp string) bool {
	n, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return false
	}
	at := time.Unix(n, 0)
	if n >= 1e11 && p.Defect != "milliseconds read as seconds" {
		at = time.UnixMilli(n)
	}
	age := time.Since(at)
	if p.Defect == "milliseconds read as seconds" || p.Defect == "sign-ons from the future" {
		return age <= 5*time.Minute
	}
	if p.Defect == "milliseconds only" && n < 1e11 {
		return false
	}
	return age >= -time.Minute && (age <= 5*time.Minute || p.Defect == "sign-ons never expire")
}
