package xervo_test

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// signOn is the provider's single sign-on: a page for people, whatever happens.
func (p *provider) signOn(w http.ResponseWriter, r *http.Request) {
	status, to := http.StatusForbidden, ""
	switch {
	case r.Method == http.MethodPost:
		status, to = p.judge(r)
	case p.defect == "sign-on by GET":
		status, to = http.StatusFound, "/dashboard"
	default:
		w.Header().Set("Allow", "POST")
		status = http.StatusMethodNotAllowed
	}
	if to != "" {
		w.Header().Set("Location", to)
		w.Header().Set("Set-Cookie", "session=1; Path=/; HttpOnly")
	}
	page(w, status)
}

func page(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, "<!doctype html><title>Acme</title>")
}

// judge returns the status, and the address that a good sign-on leads to.
func (p *provider) judge(r *http.Request) (status int, to string) {
	proof, ok := p.readProof(r)
	switch {
	case !ok && proof != nil && p.defect == "a sign-on that cannot be read is a failure":
		return http.StatusInternalServerError, ""
	case !ok:
		return http.StatusForbidden, ""
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.byID[proof["id"]]
	gone := known != nil && known.gone
	switch {
	case !p.proven(proof) && gone && p.defect == "strangers learn what was removed":
		return http.StatusGone, ""
	case !p.proven(proof) && p.defect == "401 for a forged sign-on":
		return http.StatusUnauthorized, ""
	case !p.proven(proof), !p.fresh(proof["timestamp"]), gone && p.defect == "a late sign-on is refused", p.defect == "sign-ons fail":
		return http.StatusForbidden, ""
	case known == nil && p.defect == "404 for a sign-on to what never was":
		return http.StatusNotFound, ""
	case known == nil && p.defect != "signs on to what never was":
		return http.StatusForbidden, ""
	case gone:
		return http.StatusFound, "/dashboard/gone"
	default:
		return p.entered(), p.enter(proof["id"])
	}
}

func (p *provider) entered() int {
	if p.defect == "303 for a sign-on" {
		return http.StatusSeeOther
	}
	return http.StatusFound
}

// enter makes an address that works once, without a cookie.
func (p *provider) enter(id string) string {
	code := fmt.Sprint(len(p.codes) + 1)
	p.codes[code] = true
	to := "/dashboard?code=" + code
	switch p.defect {
	case "a path with an address in it":
		to += "&back=http://xervo.example"
	case "a path without a slash":
		to = "dashboard?code=" + code
	}
	return to
}

// page is what customers see: the code of a sign-on leads to it, over one more
// redirect.
func (p *provider) page(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	code := r.URL.Query().Get("code")
	_, err := r.Cookie("session")
	switch {
	case r.URL.Path == "/dashboard/gone" && p.defect == "the page of what is gone is a 410":
		page(w, http.StatusGone)
	case strings.HasPrefix(r.URL.Path, "/dashboard/"):
		page(w, http.StatusOK)
	case p.defect == "the page needs a cookie" && err != nil:
		page(w, http.StatusUnauthorized)
	case p.defect == "the page leads to itself":
		http.Redirect(w, r, r.URL.String(), http.StatusFound)
	case !p.codes[code]:
		page(w, http.StatusForbidden)
	default:
		delete(p.codes, code)
		http.Redirect(w, r, "/dashboard/resource", http.StatusFound)
	}
}

// readProof reads JSON and forms. It is false for what no platform sends, and
// the proof is not nil where that is no JSON at all.
func (p *provider) readProof(r *http.Request) (map[string]string, bool) {
	text, _ := io.ReadAll(io.LimitReader(r.Body, 1<<16))
	proof := map[string]string{}
	switch media, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); media {
	case "application/json":
		body, ok := p.parse(text)
		switch {
		case !json.Valid(text):
			return proof, false
		case !ok:
			return nil, false
		}
		for name, v := range body {
			if proof[name], ok = p.proofText(v); !ok {
				return nil, false
			}
		}
		return proof, true
	case "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(text))
		for name, values := range form {
			if len(values) > 1 && p.defect != "a field twice" {
				return nil, false
			}
			proof[name] = values[len(values)-1]
		}
		return proof, err == nil && p.defect != "no sign-on as a form"
	default:
		return nil, false
	}
}

// proofText is a member of a proof as it was written.
func (p *provider) proofText(v any) (string, bool) {
	number, isNumber := v.(json.Number)
	text, isText := v.(string)
	if !isNumber {
		return text, isText
	}
	f, _ := number.Float64()
	switch p.defect {
	case "numbers go through a float":
		return fmt.Sprint(f), true
	case "fractions are cut off":
		return fmt.Sprint(int64(f)), true
	}
	return number.String(), true
}

func sum(parts ...string) string {
	digest := sha1.Sum([]byte(strings.Join(parts, ":")))
	return hex.EncodeToString(digest[:])
}

func (p *provider) proven(proof map[string]string) bool {
	id, at, token := proof["id"], proof["timestamp"], proof["token"]
	switch p.defect {
	case "any token":
		return true
	case "no token":
		return token == "" || token == sum(id, salt, at)
	case "the salt first":
		return token == sum(id, salt, at) || token == sum(salt, id, at)
	case "the token of another resource":
		for other := range p.byID {
			if token == sum(other, salt, at) {
				return true
			}
		}
	}
	return token == sum(id, salt, at)
}

func (p *provider) fresh(timestamp string) bool {
	n, err := strconv.ParseInt(timestamp, 10, 64)
	age := time.Since(time.Unix(n, 0))
	switch {
	case err != nil:
		return false
	case n >= 1e11 && p.defect == "milliseconds never expire":
		return true
	case age < -time.Minute:
		return p.defect == "sign-ons from the future"
	default:
		return age <= 5*time.Minute || p.defect == "sign-ons never expire"
	}
}
