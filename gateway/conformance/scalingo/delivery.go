package scalingo

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/addongw/addongw/gateway/conformance/scalingo/ownapi"
)

// delivery is a call with which a provider gives config vars, or says that a
// resource is there.
type delivery struct {
	app    string // the app that is meant; empty: addon is
	addon  string // the add-on's id, ours or the provider's
	end    bool   // it is there
	config any    // what was sent for that

	early  bool // nothing like it was answered yet
	status int  // what it was answered
}

// readDelivery reads a call; ok is false when it is another one.
func readDelivery(method, path string, body []byte) (d delivery, ok bool) {
	_, rest, _ := strings.Cut(path, "/v1/provider/")
	parts := strings.Split(rest, "/")
	for i, part := range parts {
		parts[i], _ = url.PathUnescape(part)
	}
	var sent struct {
		Config any `json:"config"`
	}
	_ = json.Unmarshal(body, &sent) // the API refuses it, and problems says so
	switch {
	case method == http.MethodPatch && len(parts) == 2 && parts[0] == "apps":
		return delivery{app: parts[1], config: sent.Config}, true
	case method == http.MethodPatch && len(parts) == 3 && parts[0] == "addons" && parts[2] == "config":
		return delivery{addon: parts[1], config: sent.Config}, true
	case method == http.MethodPost && len(parts) == 4 && parts[0] == "addons" && parts[2] == "actions" && parts[3] == "provision":
		return delivery{addon: parts[1], end: true}, true
	default:
		return delivery{}, false
	}
}

// isFor reports whether a call is about an add-on.
func (d delivery) isFor(a ownapi.Addon) bool {
	if d.app != "" {
		return d.app == a.App
	}
	return d.addon == a.ID || d.addon == a.UUID && a.UUID != ""
}

func (d delivery) accepted() bool { return d.status >= 200 && d.status < 300 }

// what names the call, without the id.
func (d delivery) what() string {
	switch {
	case d.end:
		return "POST /v1/provider/addons/…/actions/provision"
	case d.app != "":
		return "PATCH /v1/provider/apps/…"
	default:
		return "PATCH /v1/provider/addons/…/config"
	}
}

// problem says what is wrong with the config vars; never a value.
func (d delivery) problem(declared []string, judged bool) string {
	object, ok := d.config.(map[string]any)
	switch {
	case d.end:
		return ""
	case !ok:
		return d.what() + ": config is no object"
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if _, isText := object[name].(string); !isText {
			return fmt.Sprintf("%s: config has %s, which is not text", d.what(), name)
		}
		if judged && !slices.Contains(declared, name) {
			return fmt.Sprintf("%s: config has %s, which the manifest lacks", d.what(), name)
		}
	}
	return ""
}
