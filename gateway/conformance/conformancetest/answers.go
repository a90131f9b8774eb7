package conformancetest

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Refuse answers with a refusal.
func (v *Vendor) Refuse(w http.ResponseWriter, r *http.Request, f *Refusal) {
	message := f.Message
	switch {
	case v.Defect != "errors leak internals":
	case f.Status == 400:
		message += " goroutine 7 [running]: main.(*api).provision(/srv/acme/api.go:52)"
	case f.Status == 422:
		message += " PG::UniqueViolation at /app/models/resource.rb:52"
	}
	body := map[string]any{}
	for _, name := range v.Sentences {
		if !v.silent(r, f.Status) {
			body[name] = message
		}
	}
	Answer(w, f.Status, body)
}

// silent reports whether a refusal says nothing.
func (v *Vendor) silent(r *http.Request, status int) bool {
	switch v.Defect {
	case "a 401 without a sentence":
		return status == http.StatusUnauthorized
	case "orders refused without a sentence":
		return r.Method == http.MethodPost && address(r) == "/resources" && status != http.StatusUnauthorized
	case "plan changes refused without a sentence":
		return (r.Method == http.MethodPut || r.Method == http.MethodPatch) && status != http.StatusUnauthorized
	case "removals refused without a sentence":
		return r.Method == http.MethodDelete && status == http.StatusNotFound
	default:
		return false
	}
}

// NotAllowed refuses a method.
func (v *Vendor) NotAllowed(w http.ResponseWriter, r *http.Request, methods string) {
	if v.Defect != "405 without the methods" {
		w.Header().Set("Allow", methods)
	}
	v.Refuse(w, r, Refused(405, "Not this method."))
}

// Answer answers with JSON.
func Answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// Page answers with a page for people.
func Page(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, "<!doctype html><title>Acme</title>")
}

// Delivery is the body that answers an order.
func (v *Vendor) Delivery(r *Resource) map[string]any {
	v.Lock()
	defer v.Unlock()
	body := map[string]any{"id": any(r.ID), "config": r.Config, "message": "Ready."}
	switch v.Defect {
	case "id is a number":
		body["id"] = json.Number(r.ID)
	case "message is an object":
		body["message"] = map[string]string{"en": "Ready."}
	case "orders without a message":
		delete(body, "message")
	}
	return body
}

// Deliver answers an order.
func (v *Vendor) Deliver(w http.ResponseWriter, status int, delivery map[string]any) {
	if v.Defect == "JSON under another name" {
		w = &renamed{w}
	}
	Answer(w, status, delivery)
}

// renamed says that JSON is plain text.
type renamed struct{ http.ResponseWriter }

// WriteHeader says so.
func (r *renamed) WriteHeader(status int) {
	r.Header().Set("Content-Type", "text/plain")
	r.ResponseWriter.WriteHeader(status)
}

// config are the config vars of a new resource.
func (v *Vendor) config(id string) map[string]any {
	config := map[string]any{"ACME_DB_URL": "postgres://" + id, "ACME_DB_PORT": "5432"}
	switch v.Defect {
	case "a config var is missing":
		delete(config, "ACME_DB_PORT")
	case "a config var is empty":
		config["ACME_DB_PORT"] = ""
	case "a config var is null":
		config["ACME_DB_PORT"] = nil
	case "a config var is a number":
		config["ACME_DB_PORT"] = 5432
	case "an undeclared config var":
		maps.Copy(config, Undeclared)
	}
	return config
}

// ConfigVars are those of every Vendor's manifest, and Undeclared is not among
// them.
var (
	ConfigVars = []string{"ACME_DB_URL", "ACME_DB_PORT"}
	Undeclared = map[string]any{"ACME_DB_HOST": "db"}
)

// Plans are those of every Vendor.
var Plans = []string{"basic", "premium"}

// Offered reports whether there is a plan.
func Offered(plan string) bool { return slices.Contains(Plans, plan) }

// Token is what signs a sign-on as Heroku did.
func Token(parts ...string) string {
	digest := sha1.Sum([]byte(strings.Join(parts, ":")))
	return hex.EncodeToString(digest[:])
}
