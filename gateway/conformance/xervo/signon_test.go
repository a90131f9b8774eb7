package xervo_test

import (
	"encoding/json"
	"fmt"
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
	status, to := http.StatusForbidden, ""
	switch {
	case r.Method == http.MethodPost:
		status, to = p.judge(r)
	case p.Defect == "sign-on by GET":
		status, to = http.StatusFound, "/dashboard"
	default:
		w.Header().Set("Allow", "POST")
		status = http.StatusMethodNotAllowed
	}
	if to != "" {
		w.Header().Set("Location", to)
		w.Header().Set("Set-Cookie", "session=1; Path=/; HttpOnly")
	}
	conformancetest.Page(w, status)
}

// judge returns the status, and the address that a good sign-on leads to.
func (p *provider) judge(r *http.Request) (status int, to string) {
	proof, ok := p.readProof(r)
	switch {
	case !ok && proof != nil && p.Defect == "a sign-on that cannot be read is a failure":
		return http.StatusInternalServerError, ""
	case !ok:
		return http.StatusForbidden, ""
	}
	p.Lock()
	defer p.Unlock()
	known := p.ByID[proof["id"]]
	gone := known != nil && known.Gone
	switch {
	case !p.proven(proof) && gone && p.Defect == "strangers learn what was removed":
		return http.StatusGone, ""
	case !p.proven(proof) && p.Defect == "401 for a forged sign-on":
		return http.StatusUnauthorized, ""
	case !p.proven(proof), !p.fresh(proof["timestamp"]), gone && p.Defect == "a late sign-on is refused", p.Defect == "sign-ons fail":
		return http.StatusForbidden, ""
	case known == nil && p.Defect == "404 for a sign-on to what never was":
		return http.StatusNotFound, ""
	case known == nil && p.Defect != "signs on to what never was":
		return http.StatusForbidden, ""
	case gone:
		return http.StatusFound, "/dashboard/gone"
	default:
		return p.entered(), p.enter(proof["id"])
	}
}

func (p *provider) entered() int {
	if p.Defect == "303 for a sign-on" {
		return http.StatusSeeOther
	}
	return http.StatusFound
}

// enter makes an address that works once, without a cookie.
func (p *provider) enter(id string) string {
	code := fmt.Sprint(len(p.codes) + 1)
	p.codes[code] = true
	to := "/dashboard?code=" + code
	switch p.Defect {
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
	p.Lock()
	defer p.Unlock()
	code := r.URL.Query().Get("code")
	_, err := r.Cookie("session")
	switch {
	case r.URL.Path == "/dashboard/gone" && p.Defect == "the page of what is gone is a 410":
		conformancetest.Page(w, http.StatusGone)
	case strings.HasPrefix(r.URL.Path, "/dashboard/"):
		conformancetest.Page(w, http.StatusOK)
	case p.Defect == "the page needs a cookie" && err != nil:
		conformancetest.Page(w, http.StatusUnauthorized)
	case p.Defect == "the page is out of reach":
		http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
	case p.Defect == "the page leads to itself":
		http.Redirect(w, r, r.URL.String(), http.StatusFound)
	case !p.codes[code]:
		conformancetest.Page(w, http.StatusForbidden)
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
		body, ok := p.Parse(text)
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
			if len(values) > 1 && p.Defect != "a field twice" {
				return nil, false
			}
			proof[name] = values[len(values)-1]
		}
		return proof, err == nil && p.Defect != "no sign-on as a form"
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
	switch p.Defect {
	case "numbers go through a float":
		return fmt.Sprint(f), true
	case "fractions are cut off":
		return fmt.Sprint(int64(f)), true
	}
	return number.String(), true
}

func (p *provider) proven(proof map[string]string) bool {
	id, at, token := proof["id"], proof["timestamp"], proof["token"]
	switch p.Defect {
	case "any token":
		return true
	case "no token":
		return token == "" || token == conformancetest.Token(id, salt, at)
	case "the salt first":
		return token == conformancetest.Token(id, salt, at) || token == conformancetest.Token(salt, id, at)
	case "the token of another resource":
		for other := range p.ByID {
			if token == conformancetest.Token(other, salt, at) {
				return true
			}
		}
	}
	return token == conformancetest.Token(id, salt, at)
}

func (p *provider) fresh(timestamp string) bool {
	n, err := strconv.ParseInt(timestamp, 10, 64)
	age := time.Since(time.Unix(n, 0))
	switch {
	case err != nil:
		return false
	case n >= 1e11 && p.Defect == "milliseconds never expire":
		return true
	case age < -time.Minute:
		return p.Defect == "sign-ons from the future"
	default:
		return age <= 5*time.Minute || p.Defect == "sign-ons never expire"
	}
}
