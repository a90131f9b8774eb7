package nanobox

import (
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/addongw/addongw/gateway/conformance"
)

// Client makes the dashboard's requests. It sends nothing.
type Client struct{ provider conformance.Provider }

// NewClient makes the client of one provider.
func NewClient(p conformance.Provider) Client { return Client{p} }

// Order is what a customer orders. Empty fields are left out, so that the
// provider chooses.
type Order struct {
	Name   string          `json:"name"`
	Region string          `json:"region,omitempty"`
	Size   string          `json:"size,omitempty"`
	SSHKey json.RawMessage `json:"ssh_key,omitempty"` // an id, a public key or null, by the metadata
}

// Meta asks what the provider says of itself.
func (c Client) Meta() conformance.Request { return c.request(http.MethodGet, "/meta", nil, false) }

// Catalog asks for regions and sizes.
func (c Client) Catalog() conformance.Request {
	return c.request(http.MethodGet, "/catalog", nil, false)
}

// Verify asks whether the credentials are good. Microbox core says of the empty
// body that it is an octet-stream.
func (c Client) Verify() conformance.Request {
	r := c.request(http.MethodPost, "/verify", nil, true)
	r.Header.Set("Content-Type", "application/octet-stream")
	return r
}

// AddKey registers a public key.
func (c Client) AddKey(name, text string) conformance.Request {
	return c.request(http.MethodPost, "/"+keys, publicKey{Name: name, Key: text}, true)
}

// publicKey is a body in the order of the document's sample.
type publicKey struct {
	ID   string `json:"id,omitempty"` // where later clients put the name
	Name string `json:"name,omitempty"`
	Key  string `json:"key"`
}

// Key asks for a key.
func (c Client) Key(id string) conformance.Request {
	return c.request(http.MethodGet, at(keys, id), nil, true)
}

// RemoveKey removes a key.
func (c Client) RemoveKey(id string) conformance.Request {
	return c.request(http.MethodDelete, at(keys, id), nil, true)
}

// Order orders a server.
func (c Client) Order(o Order) conformance.Request {
	return c.request(http.MethodPost, "/"+servers, o, true)
}

// Server asks for a server.
func (c Client) Server(id string) conformance.Request {
	return c.request(http.MethodGet, at(servers, id), nil, true)
}

// Cancel cancels a server.
func (c Client) Cancel(id string) conformance.Request {
	return c.request(http.MethodDelete, at(servers, id), nil, true)
}

// Reboot reboots a server.
func (c Client) Reboot(id string) conformance.Request {
	return c.request(http.MethodPatch, at(servers, id)+"/reboot", nil, true)
}

// Rename gives a server another name.
func (c Client) Rename(id, name string) conformance.Request {
	return c.request(http.MethodPatch, at(servers, id)+"/rename", map[string]string{"name": name}, true)
}

// InstallKey puts a public key on a server that a password opens.
func (c Client) InstallKey(id, name, text string) conformance.Request {
	return c.request(http.MethodPatch, at(servers, id)+"/keys", publicKey{ID: name, Key: text}, true)
}

func at(collection, id string) string { return "/" + collection + "/" + url.PathEscape(id) }

// request joins addresses as the dashboard does, by putting texts together.
func (c Client) request(method, path string, body any, signed bool) conformance.Request {
	r := conformance.NewRequest(method, c.provider.BaseURL+path, body)
	r.Basic, r.Signed = false, signed
	return r
}
